// A change as the amendments that are to stand over the file: from words of control to those of the config.

import { dirname, join } from 'node:path';
import { MASK } from '../lib/mask.ts';
import { Pace, finishInTurns, textInTurns } from '../lib/pace.ts';
import { isMap, own } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import type { Steps } from '../lib/steps.ts';
import type { Amendment } from '../config/amend.ts';
import {
  clearMirrors,
  clearOverrides,
  isRefused,
  removeMirror,
  removeOverride,
  resetSplit,
  setMirror,
  setOverride,
  setSplit,
} from '../config/changes.ts';
import type { Changed, Standing } from '../config/changes.ts';
import { decodeRead } from '../config/decode.ts';
import { unmaskWritten } from '../config/mask.ts';
import type { InForce } from '../config/mask.ts';
import { formatPath } from '../config/path.ts';
import type { Path } from '../config/path.ts';
import { readField } from '../config/field.ts';
import { samePlainInSteps } from '../config/plain.ts';
import { describeConfig, describeInSteps, describeInTurns, withoutVariables } from '../config/print.ts';
import { jsonPieces } from '../config/print-pieces.ts';
import { setConfigInSteps } from '../config/set-config.ts';
import { removePreview, setPreview } from '../config/set-preview.ts';
import { shiftPools } from '../config/shift.ts';
import { setDrain } from '../config/set-drain.ts';
import { Draft } from '../config/draft.ts';
import { fileAlone } from './sources/file-alone.ts';
import { strangeFiles } from './named-files.ts';
import { touchedFields } from './touched-fields.ts';
import type { Journal } from './journal.ts';
import type { Reading } from './ports.ts';
import type { Basis, Refusal } from './submission.ts';
import type { Change, ChangeRequest } from './control-api.ts';
import { restoreInSteps } from './restored-config.ts';

type AmendmentsOrRefusal = readonly Amendment[] | Refusal;

/** Where what a change names or brings comes from. */
export interface ChangeSources {
  readonly journal: Pick<Journal, 'find'>;
  readonly reading: Reading;
  /** Between steps others have their turns; default: one of its own. */
  readonly pace?: Pace;
}

export async function toAmendments(
  { change: sent, role }: Pick<ChangeRequest, 'change' | 'role'>,
  basis: Basis,
  { journal, reading, pace = new Pace() }: ChangeSources,
): Promise<AmendmentsOrRefusal> {
  const standing: Standing = { written: basis.read.document?.value ?? {}, amendments: basis.amendments };
  const inForce: InForce = { known: describeConfig(basis.config), mayWrite: role === 'admin' ? 'all' : 'traffic' };
  const change = unmasked(sent, inForce);
  switch (change.kind) {
    case 'split':
      return told(setSplit(standing, change.pool, change.weights, change), basis);
    case 'override':
      return told(setOverride(standing, change.pool, change.name, change.override), basis);
    case 'remove-override':
    case 'remove-mirror':
      return told((change.kind === 'remove-mirror' ? removeMirror : removeOverride)(standing, change.pool, change.name), basis);
    case 'clear-overrides':
    case 'clear-mirrors':
      return told((change.kind === 'clear-mirrors' ? clearMirrors : clearOverrides)(standing, change.pool), basis);
    case 'reset-split':
      return told(resetSplit(standing, change.pool), basis);
    case 'reset-config':
      return [];
    case 'mirror':
      return told(setMirror(standing, change.pool, change.name, change.mirror), basis);
    case 'drain':
    case 'resume':
      return told(setDrain(standing, change, change.kind === 'drain' && (change.deadlineMs ?? true)), basis);
    case 'preview':
    case 'remove-preview':
      return told(changePreview(standing, change, basis), basis);
    case 'shift':
    case 'shifts':
      return told(shiftPools(standing, change.kind === 'shift' ? [change] : change.pools), basis);
    case 'config':
      return replaceConfig(change.document, inForce, { standing, basis, reading, pace });
    case 'restore':
      return restore(change, { role, standing, basis, journal, reading, pace });
  }
}

function changePreview(standing: Standing, change: Change & { readonly kind: 'preview' | 'remove-preview' }, { config }: Basis): Changed {
  if (change.kind === 'remove-preview') return removePreview(standing, change.pool, change.name);
  const pool = config.pools.find(({ name }) => name === change.pool);
  return setPreview(standing, change, pool);
}

/** Who reads a config gets masks; sent back, they stand for the secrets in force. */
function unmasked(change: Change, inForce: InForce): Change {
  if (change.kind === 'override') {
    const override = unmaskWritten(change.override, inForce, ['pools', change.pool, 'overrides', change.name]);
    return { ...change, override };
  }
  if (change.kind !== 'mirror') return change;
  return { ...change, mirror: unmaskWritten(change.mirror, inForce, ['pools', change.pool, 'mirrors', change.name]) };
}

function told(changed: Changed, { revision }: Basis): AmendmentsOrRefusal {
  if (!isRefused(changed)) return changed;
  const [first] = changed.faults;
  if (first?.kind === 'unknown') return { result: 'unknown', message: first.message };
  return { result: 'rejected', revision, problems: changed.faults.map(({ path, message }) => ({ path, message })) };
}

interface Replacing extends Pick<ChangeSources, 'reading'> {
  readonly pace: Pace;
  readonly standing: Standing;
  readonly basis: Basis;
}

/** Text is YAML, of which JSON is a part. Paths of files in it are relative to the folder of the config. */
async function replaceConfig(
  document: unknown,
  inForce: InForce | undefined,
  { standing, basis, reading, pace }: Replacing,
): Promise<AmendmentsOrRefusal> {
  const { config, read, revision } = basis;
  const file = join(dirname(read.files[0] ?? '.'), 'config');
  const text = document instanceof Uint8Array ? document : textOf(document);
  const isPlain = inForce?.mayWrite === 'all' && !mayHoldMasks(text);
  const asked = await reading.text(file, text, isPlain ? undefined : inForce);
  if (asked.config === undefined || asked.written === undefined)
    return {
      result: 'rejected',
      revision,
      problems: asked.problems.map(({ path, line, column, message }) => ({ path, line, column, message })),
    };
  await describeInTurns(asked.config, pace);
  const alone = decodeRead(read).config;
  await pace.rest();
  const meant = { written: asked.written, config: asked.config };
  return told(await finishInTurns(setConfigInSteps({ ...standing, config, alone }, meant), pace), basis);
}

function textOf(document: unknown): string {
  return typeof document === 'string' ? document : ((JSON.stringify(document) as string | undefined) ?? 'null');
}

function mayHoldMasks(text: string | Uint8Array): boolean {
  const mark = `${MASK} (`;
  return typeof text === 'string' ? text.includes(mark) : Buffer.from(text.buffer, text.byteOffset, text.byteLength).includes(mark);
}

interface Restoring extends Omit<ChangeSources, 'pace'>, Replacing {
  readonly role: ChangeRequest['role'];
}

/** What stood over the file then, if that gives what is to be restored; else what differs from the file of today. */
async function restore(
  { revision, pools }: Change & { readonly kind: 'restore' },
  { role, standing, basis, journal, reading, pace }: Restoring,
): Promise<AmendmentsOrRefusal> {
  const found = await journal.find(revision);
  if (found === undefined || !isMap(found.written))
    return { result: 'unknown', message: `There is no revision ${revision}; it was never made, or is too old to be kept.` };
  const now = await finishInTurns(describeInSteps(basis.config), pace);
  const restored = await finishInTurns(restoreInSteps(found.written, now, { role, pools }), pace);
  if ('lost' in restored) return nothingLeft(restored.lost, revision, basis);
  const document = await finishInTurns(
    withFilesOf(now, restored.document, () => fileAlone(basis.read)),
    pace,
  );
  await pace.rest();
  const before = decodeRead(basis.read, found.amendments as readonly Amendment[]);
  await pace.rest();
  if (before.config !== undefined) {
    const then = await finishInTurns(describeInSteps(before.config), pace);
    if (await finishInTurns(samePlainInSteps(then, document), pace)) return before.amended.amendments;
  }
  const text = await textInTurns(jsonPieces(document, withoutVariables));
  return withoutPlaces(await replaceConfig(text, undefined, { standing, basis, reading, pace }));
}

/** Files that the config file no longer names stay as they are: they are no reason to refuse the rest. */
function* withFilesOf(now: Plain, document: Plain, alone: () => Plain | undefined): Steps<Plain> {
  const paths: Path[] = [];
  const isRouted = yield* samePlainInSteps(own(now, 'routes'), own(document, 'routes'));
  for (const [was, is] of partsOf(now, document, isRouted ? { pools: {}, routes: [] } : { pools: {} })) {
    for (const { path } of touchedFields(was, is)) paths.push(path);
    yield;
  }
  return strangeFiles(paths, document, alone).reduce((kept, [top, pool, key, version, field]): Plain => {
    if (top === 'accessLog' || top === 'listeners') return { ...kept, [top]: own(now, top) };
    const around = ['pools', String(pool), 'versions', String(version)];
    if (key !== 'versions' || field !== 'endpointsFile' || readField(now, around) === undefined) return kept;
    const draft = new Draft(kept);
    draft.set([...around, field], readField(now, [...around, field]));
    return draft.finish();
  }, document);
}

/** Both part by part: all but pools, then some pools after the other. @param without what the first part has in place of what it leaves out */
function* partsOf(now: Plain, document: Plain, without: Plain): Generator<readonly [Plain, Plain], void> {
  yield [
    { ...now, ...without },
    { ...document, ...without },
  ];
  const [had, has] = [poolsOf(now), poolsOf(document)];
  const names = [...new Set([...Object.keys(had), ...Object.keys(has)])];
  for (let from = 0; from < names.length; from += GROUP) {
    const group = names.slice(from, from + GROUP);
    yield [{ pools: some(had, group) }, { pools: some(has, group) }];
  }
}

/** Pools that are compared at once. */
const GROUP = 50;

function poolsOf(written: Plain): Plain {
  const pools = own(written, 'pools');
  return isMap(pools) ? pools : {};
}

function some(map: Plain, names: readonly string[]): Plain {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(map, name)).map((name) => [name, map[name]]));
}

function nothingLeft(pool: string, revision: number, basis: Basis): Refusal {
  const path = formatPath(['pools', pool, 'split']);
  const message = `${path}: none of the versions that had a share in revision ${revision} is there any more`;
  return { result: 'rejected', revision: basis.revision, problems: [{ path, message }] };
}

/** Nobody has seen the text in which they are. */
function withoutPlaces(asked: AmendmentsOrRefusal): AmendmentsOrRefusal {
  if (!('result' in asked) || asked.result !== 'rejected') return asked;
  return { ...asked, problems: asked.problems.map(({ path, message }) => ({ path, message })) };
}
