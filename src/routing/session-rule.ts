// How a pool remembers versions, compiled for serving.

import type { SessionConfig } from '../config/model.ts';
import { hashString } from '../lib/hash.ts';
import type { VersionTable } from './choice.ts';

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
