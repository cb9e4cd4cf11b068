// What a write has changed, or would change, in lines for people.

import type { ChangeResponse, Difference, Impact } from '../api/change.ts';
import { count, formatShare } from './quantity.ts';
import { formatPairs } from './table.ts';
import type { Terminal } from './terminal.ts';

type Paint = Terminal['paint'];

/** A first line with the outcome, then a line per difference. */
export function describeWrite(response: ChangeResponse, kind: 'done' | 'dry-run', paint: Paint): readonly string[] {
  const { revision, workers, differences, moved = [], impact } = response;
  if (kind === 'dry-run') {
    if (differences.length === 0)
      return [`would change nothing: revision ${revision} is already so`, ...describeMoved(moved, 'would follow')];
    return [
      paint('warn', `would change, over revision ${revision}; nothing was done:`),
      ...describeDifferences(differences, paint),
      ...describeMoved(moved, 'would follow'),
      ...describeImpact(impact),
    ];
  }
  if (differences.length === 0) return [`nothing to change: revision ${revision} is already so`, ...describeMoved(moved, 'follow')];
  const obeyed = workers === undefined ? '' : `, obeyed by ${workers.applied} of ${count(workers.total, 'worker')}`;
  const colour = workers === undefined || workers.applied === workers.total ? 'good' : 'warn';
  return [paint(colour, `revision ${revision}${obeyed}`), ...describeDifferences(differences, paint), ...describeMoved(moved, 'follow')];
}

/** `  users of shop follow the weights at once`. */
export function describeMoved(moved: readonly string[], verb: string): readonly string[] {
  return moved.length === 0 ? [] : [`  users of ${moved.join(', ')} ${verb} the weights at once`];
}

/** `  pools.shop.split.v1  90 -> 0`. */
export function describeDifferences(differences: readonly Difference[], paint: Paint): readonly string[] {
  return formatPairs(differences.map((each) => [`  ${each.path}`, describeSides(each, paint)] as const));
}

function describeSides({ before, after }: Difference, paint: Paint): string {
  if (before === undefined) return paint('good', `added ${after ?? ''}`.trimEnd());
  return after === undefined ? paint('bad', 'removed') : `${before} -> ${after}`;
}

/** `  another version would get 10 % of the users of shop`, and how many of the recent requests. */
export function describeImpact(impact: Impact | undefined): readonly string[] {
  if (impact === undefined) return [];
  const { pools } = impact;
  const { compared, otherwise, share = 0 } = impact.requests;
  const users = pools.map(({ pool, users }) => `${formatShare(users)} of the users of ${pool}`);
  const requests = compared === 0 ? [] : [`${otherwise} of the last ${count(compared, 'recorded request')} (${formatShare(share)})`];
  const more = compared === 0 ? ['  no request is on record to compare with'] : [];
  if (pools.length === 0 && otherwise === 0) return [`  every user would keep the present version`, ...more];
  return [...[...users, ...requests].map((part) => `  another version would get ${part}`), ...more];
}
