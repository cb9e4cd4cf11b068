// `sluice rollback [revision]`: restores a revision; without one, the one before the last change of traffic. It shows first what will
// change and asks; it never restores anything but what it has shown. With --yes nobody looks: it restores at once, and shows what it did.

import type { ChangeResponse } from '../api/change.ts';
import type { RevisionSummary } from '../api/revisions.ts';
import { ask, show, showJson, showWrite, write, type AdminCall, type WriteOptions } from './admin-call.ts';
import { pathOf } from './admin-client.ts';
import { readResponse } from './read-response.ts';
import { describeDifferences, describeImpact, describeMoved } from './describe-write.ts';
import { EXIT, Failure } from './failure.ts';
import { formatAgo } from './quantity.ts';
import { revisionsPath } from './revisions.ts';

export interface RollbackOptions extends WriteOptions {
  /** Users keep the version that they have, as far as `affinity.remember` says so. */
  readonly keepUsers?: boolean | undefined;
}

interface Target {
  readonly revision: number;
  /** Why this one, in a sentence; empty when it was named. */
  readonly because: string;
  /** For the journal, which knows times and names by itself. */
  readonly reason: string;
  /** The newest revision when this one was chosen; undefined when it was named. */
  readonly newest: number | undefined;
}

/** What is asked of the API. */
interface Restore {
  readonly method: 'POST';
  readonly path: string;
  readonly body: object;
}

/** What decides which version responds: weights, overrides, which versions, endpoints and routes there are, and what drains. */
const TRAFFIC =
  /^routes(?:$|[ .[])|^pools(?:$|(?:\.[^.[\]"]+|\["[^"]*"\])(?:$|\.(?:split|overrides|mirrors|versions|affinity|fallback|drain)(?:$|[ .[])))/;

const PAGE = 50;
const MAX_PAGES = 20;
const MAX_REASON_LENGTH = 200;

export async function runRollback(call: AdminCall<RollbackOptions>, revision: number | undefined): Promise<void> {
  const { yes, dryRun } = call.options;
  if (yes !== true && dryRun !== true && !call.terminal.isAttended) {
    throw new Failure(EXIT.usage, 'nobody is there to confirm it: this is no terminal', [
      'Add --yes to restore without asking, or --dry-run to see only what would change.',
    ]);
  }
  const target = revision === undefined ? await findTarget(call) : nameTarget(revision);
  const path = pathOf('v1', 'revisions', target.revision, 'restore');
  const restore: Restore = { method: 'POST', path, body: call.options.keepUsers === true ? { sessions: 'keep' } : {} };
  if (yes === true && dryRun !== true) return restoreAtOnce(call, target, restore);
  return restoreAfterPreview(call, target, restore);
}

/** A preview would make the way back longer, and the response of the write says what it changed. */
async function restoreAtOnce(call: AdminCall<RollbackOptions>, target: Target, restore: Restore): Promise<void> {
  if (call.options.json !== true) show(call, [describeTarget(call, target)]);
  // What came after the choice was made could be the change that was to be undone.
  const exact = over(call, target, target.newest);
  showWrite(exact, await write(exact, restore));
}

async function restoreAfterPreview(call: AdminCall<RollbackOptions>, target: Target, restore: Restore): Promise<void> {
  const { json, dryRun } = call.options;
  const tried = await write(withOptions(call, { dryRun: true }), restore);
  const preview = readResponse('ChangeResponse', tried);
  if (dryRun === true && json === true) return showJson(call, tried);
  // With --json stdout is for the response alone; the person who confirms must see the plan all the same.
  const plan = describePlan(call, target, preview);
  if (json !== true) show(call, plan);
  else call.terminal.err(`${plan.join('\n')}\n`);
  if (dryRun === true || (isNothing(preview) && json !== true)) return;
  await confirm(call, target);
  // Only over the revision that the preview was made from: what was shown is what happens.
  const exact = over(call, target, preview.revision);
  showWrite(exact, await write(exact, restore));
}

/** The newest revision that changed traffic and has one before it on record. */
export function beforeLastChange(revisions: readonly RevisionSummary[]): { change: RevisionSummary; before: RevisionSummary } | undefined {
  const at = revisions.findIndex(({ differences }) => differences.some(({ path }) => touchesTraffic(path)));
  const [change, before] = [revisions[at], revisions[at + 1]];
  return at < 0 || change === undefined || before === undefined ? undefined : { change, before };
}

/** Whether a difference at this path moves requests from one version to another. */
export function touchesTraffic(path: string): boolean {
  return TRAFFIC.test(path);
}

async function findTarget(call: AdminCall): Promise<Target> {
  const revisions: RevisionSummary[] = [];
  for (let page = 0; page < MAX_PAGES; page++) {
    const path = revisionsPath({ limit: PAGE, before: revisions.at(-1)?.revision });
    const more = readResponse('Revisions', await ask(call, { method: 'GET', path })).revisions;
    revisions.push(...more);
    const found = beforeLastChange(revisions);
    if (found !== undefined) return { ...targetOf(call, found.change, found.before), newest: revisions[0]?.revision };
    if (more.length < PAGE) break;
  }
  throw new Failure(EXIT.refused, 'no change of traffic is on record that could be undone', [
    '`sluice revisions` lists what there is; `sluice rollback N` restores one of them.',
  ]);
}

function nameTarget(revision: number): Target {
  return { revision, because: '', reason: `rollback to revision ${revision}`, newest: undefined };
}

function targetOf(call: AdminCall, change: RevisionSummary, { revision }: RevisionSummary): Omit<Target, 'newest'> {
  // A rollback of a rollback need not tell the whole story again: the revisions have it.
  const why = change.reason === '' || change.cause === 'restore' ? '' : `: ${change.reason}`;
  const reason = `rollback of revision ${change.revision}${why}`.slice(0, MAX_REASON_LENGTH);
  return { revision, because: describeChange(call, change), reason };
}

function describeChange({ terminal }: AdminCall, { revision, author, atMs, reason }: RevisionSummary): string {
  const why = reason === '' ? '' : `: ${reason}`;
  return `undoes revision ${revision}, by ${author || 'unknown'} ${formatAgo(atMs, terminal.clock.wallMs())}${why}`;
}

function describeTarget({ terminal: { paint } }: AdminCall, { revision, because }: Target): string {
  return `restore of revision ${paint('strong', String(revision))}${because === '' ? '' : `; it ${because}`}`;
}

function describePlan(call: AdminCall, target: Target, preview: ChangeResponse): readonly string[] {
  const moved = describeMoved(preview.moved ?? [], 'will follow');
  const same = `revision ${preview.revision} is already the same as revision ${target.revision}`;
  if (preview.differences.length === 0) return isNothing(preview) ? [`${same}: nothing to do`] : [same, ...moved];
  return [
    describeTarget(call, target),
    ...describeDifferences(preview.differences, call.terminal.paint),
    ...moved,
    ...describeImpact(preview.impact),
  ];
}

function isNothing({ differences, moved = [] }: ChangeResponse): boolean {
  return differences.length === 0 && moved.length === 0;
}

async function confirm(call: AdminCall, { revision }: Target): Promise<void> {
  const response = await call.terminal.ask(`Restore revision ${revision}? [y/N] `);
  if (/^y(?:es)?$/i.test(response)) return;
  throw new Failure(EXIT.refused, 'not confirmed: nothing was changed');
}

/** The same call, but only while `revision` is the current one; undefined means any revision. */
function over(call: AdminCall<RollbackOptions>, target: Target, revision: number | undefined): AdminCall<RollbackOptions> {
  return withOptions(call, { ifRevision: call.options.ifRevision ?? revision, reason: call.options.reason ?? target.reason });
}

function withOptions(call: AdminCall<WriteOptions>, more: WriteOptions): AdminCall<WriteOptions> {
  return { ...call, options: { ...call.options, ...more } };
}
