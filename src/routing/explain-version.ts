// Says which version of a pool responds, and why: certain, or each with its share.

import { readKey } from './affinity.ts';
import { Choice, CHOICE_REASONS, REASON_NONE } from './choice.ts';
import { choose } from './choose.ts';
import { refuse } from './explain-draft.ts';
import type { Draft, ExplainQuestion, VersionShare } from './explain-draft.ts';
import { mirrorKey } from './mirror.ts';
import type { PoolState } from './pool-state.ts';
import { rankByKey } from './rank-by-key.ts';
import { heaviestVersion } from './split.ts';
import type { Destination, PoolTable } from './table.ts';

/** Returns the key of the user, for mirrors; empty where the request brings none. */
export function explainVersion(draft: Draft, { pool, version: fixed }: Destination, question: ExplainQuestion): string {
  draft.shares = sharesOf(pool, question);
  if (fixed !== undefined) {
    draft.reason = 'route';
    draft.steps.push(`The route always uses version ${fixed.name} of pool ${pool.name}.`);
    if (question.ready(pool, fixed.index)) draft.version = fixed.name;
    else if (pool.holds) draft.steps.push(waits(pool));
    else refuse(draft, 'no_endpoint', 503, `Version ${fixed.name} has no ready endpoint.`);
    return mirrorKey(pool, question.request, question.client, '');
  }
  const choice = new Choice();
  choose(pool, question.request, question.client, stateOf(pool, question), choice);
  draft.reason = CHOICE_REASONS[choice.reason];
  draft.version = isCertain(choice, pool, draft.shares) ? choice.version?.name : undefined;
  draft.override = choice.override === '' ? undefined : choice.override;
  draft.steps.push(describeChoice(choice, pool, question), `Shares of pool ${pool.name}: ${describeShares(draft.shares)}.`);
  if (pool.holds && choice.version !== undefined && !question.ready(pool, choice.version.index)) draft.steps.push(waits(pool));
  if (choice.reason === REASON_NONE)
    refuse(draft, 'no_endpoint', 503, `No version of pool ${pool.name} that may respond has a ready endpoint.`);
  return mirrorKey(pool, question.request, question.client, choice.setCookie ? '' : choice.key);
}

/** How likely each version of the pool responds; a request that waits gets a response some time. */
export function respondingShares({ outcome, version, shares }: Draft, { pool, version: fixed }: Destination): readonly number[] {
  if (outcome !== 'pool') return shares.map(() => 0);
  const certain = fixed?.name ?? version;
  if (certain !== undefined) return shares.map((each) => (each.version === certain ? 1 : 0));
  const isAnyReady = shares.some(({ share }) => share > 0);
  return shares.map(({ share, weight }) => (isAnyReady ? share : weight / (pool.weightTotal || 1)));
}

function waits(pool: PoolTable): string {
  return `No endpoint is ready: the request waits for one, at most ${pool.config.holdMs} ms.`;
}

function describeChoice(choice: Choice, pool: PoolTable, question: ExplainQuestion): string {
  const version = choice.version?.name ?? 'none';
  switch (CHOICE_REASONS[choice.reason]) {
    case 'override':
      return `Override ${choice.override} names version ${version} of pool ${pool.name}, whatever the weights say.`;
    case 'affinity':
      return `The affinity key "${choice.key}" belongs to version ${version} of pool ${pool.name}.`;
    case 'remembered':
      return `The affinity key "${choice.key}" keeps version ${version} of pool ${pool.name} for now (affinity.remember); by the weights it belongs to ${nameOf(pool, rankByKey(pool, choice.key, undefined))}.`;
    case 'affinity-new':
      return `The request brings no affinity key of pool ${pool.name}; it gets a new one, and the weights say how likely each version is.`;
    case 'weight':
      return `Nothing ties the request to a version of pool ${pool.name}: chance decides, by the weights.`;
    case 'fallback':
      return `The version that was meant has no ready endpoint; another version of pool ${pool.name} responds.`;
    default:
      return isKeyed(pool, question)
        ? 'The version of the affinity key has no ready endpoint.'
        : 'The version that was meant has no ready endpoint.';
  }
}

function nameOf(pool: PoolTable, version: number): string {
  return pool.versions[version]?.name ?? 'none';
}

/** Without a key chance decides, unless only one version can come. */
function isCertain(choice: Choice, pool: PoolTable, shares: readonly VersionShare[]): boolean {
  const isTied = choice.override !== '' || (choice.key !== '' && !choice.setCookie);
  return isTied || shares.filter((each) => each.share > 0).length === 1 || pool.versions.length === 1;
}

function isKeyed(pool: PoolTable, question: ExplainQuestion): boolean {
  return pool.affinity !== undefined && readKey(pool.affinity, question.request, question.client) !== '';
}

/** Chance is replaced by what is likeliest: an explanation must not move the stream of the split. */
function stateOf(pool: PoolTable, question: ExplainQuestion): PoolState {
  const ready = (version: number): boolean => question.ready(pool, version);
  return {
    ready,
    rampShare: () => 1,
    chance: () => 0,
    nextVersion: () => heaviestVersion(pool, () => true),
    nextReadyVersion: () => heaviestVersion(pool, ready),
    newKey: () => 'new',
    sessions: pool.sessions === undefined ? undefined : question.memory?.find(pool.name),
    wallSeconds: () => question.memory?.wallSeconds() ?? 0,
  };
}

function sharesOf(pool: PoolTable, question: ExplainQuestion): VersionShare[] {
  const ready = pool.versions.map(({ index }) => question.ready(pool, index));
  const counts = pool.versions.map(({ index }) => pool.fallback === 'fail' || ready[index] === true);
  const total = pool.weights.reduce((sum, weight, version) => sum + (counts[version] === true ? weight : 0), 0);
  return pool.versions.map(({ name, index }) => {
    const weight = pool.weights[index] ?? 0;
    return { version: name, weight, share: total > 0 && counts[index] === true ? weight / total : 0, ready: ready[index] === true };
  });
}

function describeShares(shares: readonly VersionShare[]): string {
  return shares
    .map(({ version, share, ready }) => `${version} ${Number((share * 100).toFixed(2))} %${ready ? '' : ' (not ready)'}`)
    .join(', ');
}
