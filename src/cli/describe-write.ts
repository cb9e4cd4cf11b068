// What a write has changed, or would change, in lines for people.

import type { DifferenceAnswer, Fields, WriteAnswer } from './answers.ts';
import { count, formatShare } from './quantity.ts';
import { formatPairs } from './table.ts';
import type { Terminal } from './terminal.ts';
import { visible } from './visible.ts';

type Paint = Terminal['paint'];

/** A first line with the outcome, then a line per difference. */
export function describeWrite(answer: WriteAnswer, kind: 'done' | 'dry-run', paint: Paint): readonly string[] {
  const { revision, workers, differences, moved, impact } = answer;
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
export function describeDifferences(differences: readonly DifferenceAnswer[], paint: Paint): readonly string[] {
  return formatPairs(differences.map((each) => [`  ${each.path}`, describeSides(each, paint)] as const));
}

function describeSides({ before, after }: DifferenceAnswer, paint: Paint): string {
  if (before === undefined) return paint('good', `added ${after ?? ''}`.trimEnd());
  return after === undefined ? paint('bad', 'removed') : `${before} -> ${after}`;
}

/** Numbers that the server foresees; those between 0 and 1 whose name says so are shares. */
function describeImpact(impact: Fields | undefined): readonly string[] {
  return Object.entries(impact ?? {}).flatMap(([name, value]) => {
    if (typeof value === 'string' || typeof value === 'boolean') return [`  ${visible(`${name}: ${value}`)}`];
    if (typeof value !== 'number')
      return value === null || value === undefined ? [] : [`  ${visible(`${name}: ${JSON.stringify(value)}`)}`];
    return [`  ${visible(name)}: ${/share/i.test(name) ? formatShare(value) : value}`];
  });
}
