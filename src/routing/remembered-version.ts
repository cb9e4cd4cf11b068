// Which version a user keeps when the weights have changed: it asks the sessions of the pool, and tells them what it found.

import type { Choice } from './choice.ts';
import type { PoolState } from './pool-state.ts';
import type { PoolTable } from './table.ts';

/**
 * Index of the version that the user of `out.key` keeps although the weights give it `wanted`; -1 when it gets what they give. A user whose
 * version is not ready, or gone, moves for good; one for whom nothing is ready moves nowhere.
 */
export function rememberedVersion(pool: PoolTable, state: PoolState, wanted: number, out: Choice): number {
  const rule = pool.sessions;
  const { sessions } = state;
  if (rule === undefined || sessions === undefined) return -1;
  const nowS = state.wallSeconds();
  const at = out.setCookie ? -1 : sessions.find(out.key, nowS, rule.quietS);
  if (at < 0) {
    if (!state.ready(wanted)) return -1;
    // A key that was made for this request: it is nowhere.
    if (out.setCookie) sessions.name(out.key);
    sessions.add(rule.marks[wanted]!, nowS, rule.quietS);
    return -1;
  }
  // It was chosen by other weights, perhaps: whether it agrees with these says which version it has.
  out.isRandom = false;
  const kept = indexOfMark(rule.marks, sessions.version);
  if (kept === wanted) {
    out.kept = true;
    sessions.agree(at, nowS);
    return -1;
  }
  if (kept >= 0 && state.ready(kept) && sessions.diverge(at, nowS) < rule.timeS) {
    sessions.see(at, nowS);
    return kept;
  }
  if (state.ready(wanted)) sessions.move(at, rule.marks[wanted]!, nowS);
  else sessions.see(at, nowS);
  return -1;
}

/** A call of `indexOf` costs more than all the rest of a lookup. */
function indexOfMark(marks: Int32Array, mark: number): number {
  for (let index = 0; index < marks.length; index++) if (marks[index] === mark) return index;
  return -1;
}
