// What a change would make of the desired state, or why it may not. Changes nothing.

import { asksCallers } from '../config/admin-callers.ts';
import type { Amendment } from '../config/amend.ts';
import type { LoadResult } from '../config/decode.ts';
import { diffInTurns } from '../config/diff.ts';
import type { Difference } from '../config/diff.ts';
import type { Config } from '../config/model.ts';
import { formatPath } from '../config/path.ts';
import { describeDifferent, describeInTurns } from '../config/print.ts';
import type { Pace } from '../lib/pace.ts';
import type { ChangeRequest } from './control-api.ts';
import type { Plain } from '../lib/plain.ts';
import { movedPools } from './moved-pools.ts';
import { fileAlone } from './sources/file-alone.ts';
import { desiredByApi, problemOf } from './sources/desired.ts';
import type { Transform } from './sources/desired.ts';
import type { Basis, Refusal } from './submission.ts';
import { closedBy, routeName } from '../config/set-preview.ts';
import { strangeFiles } from './named-files.ts';
import type { SecretValues } from './secret-values.ts';
import { toAmendments } from './to-amendments.ts';
import type { ChangeSources } from './to-amendments.ts';
import { fieldsAbove, touchedFields } from './touched-fields.ts';
import type { ForbiddenField } from './touched-fields.ts';

/** What is asked for; it decodes, and the rules allow it. */
export interface Asked {
  readonly load: LoadResult;
  readonly config: Config;
  readonly differences: readonly Difference[];
  /** Pools whose users are to follow the weights at once. */
  readonly moved: readonly string[];
}

export interface EvaluationDeps extends ChangeSources {
  readonly transform: Transform;
  readonly secrets: Pick<SecretValues, 'unreadable'>;
  /** Between its steps others have their turns. */
  readonly pace: Pace;
}

export type Question = Pick<ChangeRequest, 'change' | 'role'>;

export async function evaluateChange(
  question: Question,
  basis: Basis,
  { journal, reading, secrets, transform, pace }: EvaluationDeps,
): Promise<Asked | Refusal> {
  const { change, role } = question;
  await describeInTurns(basis.config, pace);
  const amendments = await toAmendments(question, basis, {
    journal: { find: (revision) => journal.find(revision, pace) },
    reading: { text: (file, text, inForce) => pace.apart(() => reading.text(file, text, inForce)) },
    pace,
  });
  if ('result' in amendments) return amendments;
  await pace.rest();
  const asked = await evaluateAmendments(amendments, basis, transform, pace);
  if ('result' in asked) return asked;
  await pace.rest();
  const preview = previewOf(question, basis);
  const fields = await forbiddenFields(preview?.isOpen === true ? 'admin' : role, basis, asked.config, pace);
  if (fields.length > 0) return { result: 'forbidden', revision: basis.revision, fields, openedBy: preview?.openedBy };
  // Only now: to read something for a caller that may not name it would tell whether it is there.
  const unreadable = secrets.unreadable(asked.config).map(problemOf);
  if (unreadable.length > 0) return { result: 'rejected', revision: basis.revision, problems: unreadable };
  return { ...asked, moved: movedPools(change, basis.config, asked.config) };
}

/** Operators make previews of what the config opens for them, and take those away. Undefined: somebody else asks, or for something else. */
function previewOf(
  { change, role }: Question,
  { config }: Basis,
): { readonly isOpen: boolean; readonly openedBy: string | undefined } | undefined {
  if (role !== 'operator' || (change.kind !== 'preview' && change.kind !== 'remove-preview')) return undefined;
  const pool = config.pools.find(({ name }) => name === change.pool);
  // One that is replaced goes as well.
  const there = pool?.versions.find(({ name }) => name === change.name);
  const host = config.routes.find(({ name }) => name === routeName(change.pool, change.name))?.hosts[0];
  const endpoints = there?.endpoints.map(({ key }) => key) ?? [];
  const key = closedBy(pool, { endpoints, host }) ?? (change.kind === 'preview' ? closedBy(pool, change) : undefined);
  return { isOpen: key === undefined, openedBy: key && formatPath(['pools', change.pool, 'previews', key]) };
}

/** Fields of a change that its author may not change. Judged by what it does: the call that it came by says nothing. */
async function forbiddenFields(
  role: Question['role'],
  { config: before, read }: Basis,
  after: Config,
  pace: Pace,
): Promise<readonly ForbiddenField[]> {
  // Who is let in without a token is decided where the instance is started.
  if (asksCallers(before.admin) && !asksCallers(after.admin))
    return [{ path: before.admin.tokens.length > 0 ? 'admin.auth.tokens' : 'admin.tls.clientAuth', needed: 'file' }];
  const alone = (): Plain | undefined => fileAlone(read);
  const found: ForbiddenField[] = [];
  for (const [was, is] of describeDifferent(before, after)) {
    const touched = touchedFields(was, is);
    const paths = touched.map(({ path }) => path);
    const strange = strangeFiles(paths, is, alone).map((path): ForbiddenField => ({ path: formatPath(path), needed: 'file' }));
    const above = fieldsAbove(role, touched, is, alone).filter(({ path }) => !strange.some((file) => file.path.startsWith(path)));
    found.push(...strange, ...above);
    await pace.rest();
  }
  return found;
}

/** The same for what is to stand over the file. */
export async function evaluateAmendments(
  amendments: readonly Amendment[],
  { revision, config: before, read }: Basis,
  transform: Transform,
  pace: Pace,
): Promise<Omit<Asked, 'moved'> | Refusal> {
  const { config, load } = desiredByApi(read, amendments, transform);
  // Places are those of the file, which nobody asked about.
  if (config === undefined)
    return { result: 'rejected', revision, problems: load.problems.map(({ path, message }) => ({ path, message })) };
  // The file is the one that the others fit, so what does not is what was asked for.
  const lost = load.amended.superseded.map(({ amendment, reason }) => ({ path: formatPath(amendment.path), message: reason }));
  if (lost.length > 0) return { result: 'rejected', revision, problems: lost };
  await pace.rest();
  return { load, config, differences: await diffInTurns(before, config, pace) };
}

/** What is told of moved users, in every outcome. */
export function told({ moved }: Asked): { readonly moved?: readonly string[] } {
  return moved.length === 0 ? {} : { moved };
}
