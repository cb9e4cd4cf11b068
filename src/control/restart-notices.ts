// Which changes of a valid config a running process cannot make. Everything else, listeners included, is done live.

import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/model.ts';

export interface ConfigSteps {
  /** What the process was started with. */
  readonly started: Config;
  readonly before: Config;
  readonly after: Config;
}

/** One sentence per field that this step changed and that now differs from what runs. */
export function restartNotices({ started, before, after }: ConfigSteps): readonly string[] {
  return FIELDS.filter(([, select]) => {
    const wanted = select(after);
    return !isDeepStrictEqual(select(before), wanted) && !isDeepStrictEqual(select(started), wanted);
  }).map(([name]) => `${name} changed: the new value takes effect when the process is started again`);
}

/** Fields in which what is served differs from what runs until the process is started again. */
export function waitingForRestart(started: Config | undefined, config: Config | undefined): readonly string[] {
  if (started === undefined || config === undefined || started === config) return [];
  return FIELDS.filter(([, select]) => !isDeepStrictEqual(select(started), select(config))).map(([name]) => name);
}

const FIELDS: readonly (readonly [name: string, select: (config: Config) => unknown])[] = [
  ['workers', (config) => config.workers],
  ['admin.address', (config) => config.admin.address],
  ['admin.mode', (config) => config.admin.mode],
  ['admin.probes.address', (config) => config.admin.probesAddress],
  ['admin.probes.mode', (config) => config.admin.probesMode],
  ['admin.tls', (config) => config.admin.tls !== undefined],
  ['state.dir', (config) => config.state.dir],
];
