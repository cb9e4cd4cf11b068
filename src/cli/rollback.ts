// `sluice rollback [revision]`: restores a revision; without one, the one before the last change of traffic that is no rollback itself, with all
// steps of its ramp. It shows first what will change and asks; it never restores anything but what it has shown. With --yes nobody looks: it
// restores at once, and shows what it did.

import type { ChangeResponse } from '../api/change.ts';
import type { RevisionSummary } from '../api/revisions.ts';
import { ask, bodyOf, questionOf, show, showJson, showWrite, write, type AdminCall, type WriteOptions } from './admin-call.ts';
import { pathOf } from './admin-client.ts';
import { confirmForce, forcing } from './careful-write.ts';
import { readResponse } from './read-response.ts';
import { describeDifferences, describeImpact, describeMoved } from './describe-write.ts';
import { EXIT, Failure } from './failure.ts';
import { formatAgo } from './quantity.ts';
import { revisionsPath } from './revisions.ts';
import { findUndo, restoredOf, touchesTraffic, type Restored, type Undo } from './rollback-target.ts';
import type { Weights } from './weights.ts';

export interface RollbackOptions extends WriteOptions {
  /** Undo one step of a ramp alone. */
  readonly step?: boolean | undefined;
  /** Users keep the version that they have, as far as `affinity.remember` says so. */
  readonly keepUsers?: boolean | undefined;
}

interface Target {
  readonly revision: number;
  /** Whose traffic alone is restored; undefined = all that the role may restore. */
  readonly pools: readonly string[] | undefined;
  /** What it undoes, such as `revisions 2 to 3`; empty when it was named. */
  readonly which: string;
  /** Why this one, in a sentence; empty when it was named. */
  readonly because: string;
  /** For the journal, which knows times and names by itself. */
  readonly reason: string;
  /** The newest revision when this one was chosen; undefined when it was named. */
  readonly newest: number | undefined;
  /** Earlier changes of traffic that stay in force, newest first. */
  readonly left: readonly RevisionSummary[];
}

/** What is asked of the API. */
interface Restore {
  readonly method: 'POST';
  readonly path: string;
  readonly body: object;
}

const PAGE = 50;
const MAX_PAGES = 20;
const MAX_LINES = 100;
const MAX_REASON_LENGTH = 200;
const MAX_LEFT = 5;

export async function runRollback(call: AdminCall<RollbackOptions>, revision: number | undefined): Promise<void> {
  const { yes, dryRun, step, keepUsers } = call.options;
  if (yes !== true && dryRun !== true && !call.terminal.isAttended) {
    throw new Failure(EXIT.usage, 'nobody is there to confirm it: this is no terminal', [
      'Add --yes to restore without asking, or --dry-run to see only what would change.',
    ]);
  }
  if (revision !== undefined && step === true) throw new Failure(EXIT.usage, 'give a revision or --step, not both');
  const found = revision === undefined ? await findTarget(call) : undefined;
  if (found?.kind === 'undone') return showUndone(call, found);
  const target = found === undefined ? nameTarget(revision ?? 0) : targetOf(call, found);
  const path = pathOf('v1', 'revisions', target.revision, 'restore');
  const pools = target.pools === undefined ? {} : { pools: target.pools };
  const restore: Restore = { method: 'POST', path, body: { ...pools, ...(keepUsers === true && { sessions: 'keep' }) } };
  if (yes === true && dryRun !== true) return restoreAtOnce(call, target, restore);
  return restoreAfterPreview(call, target, restore);
}

/** A preview would make the way back longer, and the response of the write says what it changed. */
async function restoreAtOnce(call: AdminCall<RollbackOptions>, target: Target, restore: Restore): Promise<void> {
  // What came after the choice was made could be the change that was to be undone.
  const exact = over(call, target, target.newest);
  const body = await write(exact, forcing(restore));
  const done = call.options.json === true ? undefined : readResponse('ChangeResponse', body);
  // Only what changed something undoes it.
  if (done !== undefined && isNothing(done)) return show(call, describeNothing(target));
  if (done !== undefined) show(call, [describeTarget(call, target)]);
  showWrite(exact, body, () => describeLeft(call, target.left));
}

async function restoreAfterPreview(call: AdminCall<RollbackOptions>, target: Target, restore: Restore): Promise<void> {
  const { json, dryRun } = call.options;
  const dry = withOptions(call, { dryRun: true });
  const first = await call.client.ask(questionOf(dry, restore));
  const isForced = first.status === 409 && dryRun !== true;
  if (isForced) await confirmForce(call, first);
  const meant = isForced ? forcing(restore) : restore;
  const tried = isForced ? await write(dry, meant) : await bodyOf(call, first, {});
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
  showWrite(exact, await write(exact, meant));
}

type Found = Extract<Undo, { kind: 'undo' | 'undone' }> & { readonly newest: number };

async function findTarget(call: AdminCall<RollbackOptions>): Promise<Found> {
  const restored = await readRestored(call);
  const { pools } = readResponse('Pools', await ask(call, { method: 'GET', path: pathOf('v1', 'pools') }));
  const weightsOf = (pool: string): Weights | undefined => pools.find(({ name }) => name === pool)?.weights;
  const revisions: RevisionSummary[] = [];
  for (let page = 0; page < MAX_PAGES; page++) {
    const path = revisionsPath({ limit: PAGE, before: revisions.at(-1)?.revision });
    const more = readResponse('Revisions', await ask(call, { method: 'GET', path })).revisions;
    revisions.push(...more);
    for (const { revision, cause } of more)
      // Its line is no longer on record: it undoes nothing that is known, and is no change to be undone.
      if (cause === 'restore' && !restored.has(revision)) restored.set(revision, { to: revision - 1, pools: undefined });
    const undo = findUndo({ revisions, restored, weightsOf, isStep: call.options.step === true });
    const isLast = more.length < PAGE || page === MAX_PAGES - 1;
    // A ramp that reaches the end of the page may have begun before it.
    const isWhole = undo.kind === 'undone' || (undo.kind === 'undo' && undo.before !== revisions.at(-1));
    if (undo.kind !== 'none' && (isWhole || isLast)) return { ...undo, newest: revisions[0]?.revision ?? 0 };
    if (isLast) break;
  }
  throw new Failure(EXIT.refused, 'no change of traffic is on record that could be undone', [
    '`sluice revisions` lists what there is; `sluice rollback N` restores one of them.',
  ]);
}

/** What each restore on record went back to. */
async function readRestored(call: AdminCall): Promise<Map<number, Restored>> {
  const { lines } = readResponse('Journal', await ask(call, { method: 'GET', path: `/v1/journal?kind=revision&last=${MAX_LINES}` }));
  const found = lines.flatMap(({ revision, detail }) => {
    const restored = restoredOf(detail);
    return restored === undefined ? [] : [[revision, restored] as const];
  });
  return new Map(found);
}

/** Said again, a rollback changes nothing. */
function showUndone(call: AdminCall, { changes, by, left, newest }: Extract<Found, { kind: 'undone' }>): void {
  const { terminal, options } = call;
  const undone = { revision: changes[0]?.revision, by: by.revision };
  if (options.json === true) return showJson(call, { revision: newest, differences: [], undone });
  const when = formatAgo(by.atMs, terminal.clock.wallMs());
  const who = `revision ${by.revision}, by ${by.author || 'unknown'} ${when}`;
  const further = ['  further back: sluice rollback --step, or sluice rollback N for a revision of sluice revisions'];
  const rest = left.length === 0 ? further : describeLeft(call, left);
  show(call, [`already rolled back: ${who}, undid ${nameChanges(changes)}, and no traffic was changed since`, ...rest]);
}

/** `revision 4`, `revisions 2 to 4`. */
function nameChanges(changes: readonly RevisionSummary[]): string {
  const [latest, first] = [changes[0]?.revision, changes.at(-1)?.revision];
  return latest === first ? `revision ${latest}` : `revisions ${first} to ${latest}`;
}

/** Which earlier changes of traffic are still there, and how to go on: what was undone may not be what does the harm. */
function describeLeft({ terminal }: AdminCall, left: readonly RevisionSummary[]): readonly string[] {
  const [next] = left;
  if (next === undefined) return [];
  const lines = left.slice(0, MAX_LEFT).flatMap(({ revision, author, atMs, differences }) => [
    `  still in force: revision ${revision}, by ${author || 'unknown'} ${formatAgo(atMs, terminal.clock.wallMs())}`,
    ...describeDifferences(
      differences.filter(({ path }) => touchesTraffic(path)),
      terminal.paint,
    ).map((line) => `  ${line}`),
  ]);
  const more = left.length > MAX_LEFT ? [`  and ${left.length - MAX_LEFT} more`] : [];
  return [...lines, ...more, `  ${terminal.paint('strong', 'sluice rollback --step')} undoes revision ${next.revision}`];
}

function nameTarget(revision: number): Target {
  return { revision, pools: undefined, which: '', because: '', reason: `rollback to revision ${revision}`, newest: undefined, left: [] };
}

function targetOf(call: AdminCall, { changes, before, pools, left, newest }: Extract<Found, { kind: 'undo' }>): Target {
  const [latest] = changes;
  if (latest === undefined) return nameTarget(before.revision);
  const which = nameChanges(changes);
  const why = latest.reason === '' ? '' : `: ${latest.reason}`;
  const reason = `rollback of ${which}${why}`.slice(0, MAX_REASON_LENGTH);
  const when = formatAgo(latest.atMs, call.terminal.clock.wallMs());
  const steps = changes.length > 1 ? ` (${changes.length} steps; --step undoes the latest alone)` : '';
  return {
    revision: before.revision,
    pools,
    which,
    because: `undoes ${which}, by ${latest.author || 'unknown'} ${when}${why}${steps}`,
    reason,
    newest,
    left,
  };
}

function describeTarget({ terminal: { paint } }: AdminCall, { revision, because }: Target): string {
  return `restore of revision ${paint('strong', String(revision))}${because === '' ? '' : `; it ${because}`}`;
}

function describePlan(call: AdminCall, target: Target, preview: ChangeResponse): readonly string[] {
  const moved = describeMoved(preview.moved ?? [], 'will follow');
  if (preview.differences.length === 0) return isNothing(preview) ? describeNothing(target) : [sameAs(target), ...moved];
  return [
    describeTarget(call, target),
    ...describeDifferences(preview.differences, call.terminal.paint),
    ...moved,
    ...describeImpact(preview.impact),
    ...describeLeft(call, target.left),
  ];
}

/** A restore gives back what the role of its caller may change: that is what there is to compare. */
function sameAs({ revision }: Target): string {
  return `all that you may restore is already as in revision ${revision}`;
}

function describeNothing(target: Target): readonly string[] {
  const { revision, which } = target;
  const stays = `  what else ${which} changed stays in force: an admin takes it back (sluice rollback ${revision}), or an edit of the file does`;
  return [`nothing to do: ${sameAs(target)}`, ...(which === '' ? [] : [stays])];
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
