// Which version a user keeps when the weights have changed: it asks the sessions of the pool, and tells them what it found.

import { hashString } from '../lib/hash.ts';
import type { SessionConfig } from '../config/model.ts';
import type { Choice, PoolState, PoolTable, VersionTable } from './table.ts';

export interface SessionRule {
  readonly timeS: number;
  readonly quietS: number;
  /** By version index: what stands for the version in a session. It depends on its name alone. */
  readonly marks: Int32Array;
}

const MARK_SEED = 0x5e5510;

export function compileSessionRule({ timeMs, quietMs }: SessionConfig, versions: readonly Pick<VersionTable, 'name'>[]): SessionRule {
  return {
    timeS: Math.ceil(timeMs / 1000),
    quietS: Math.ceil(quietMs / 1000),
    marks: Int32Array.from(versions, ({ name }) => hashString(name, MARK_SEED)),
  };
}

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
  const kept = indexOfMark(rule.marks, sessions.version);
  if (kept === wanted) {
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
