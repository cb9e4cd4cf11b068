// What of a config follows from listeners that pass connections through.

import type { Config, PassthroughConfig } from './model.ts';
import type { Path } from './path.ts';

/** A place where a listener names a pool that its connections go to. */
export interface Lead {
  readonly pool: string;
  /** Below `passthrough`. */
  readonly path: Path;
}

/** All pools that it leads to, each as often as it is named. */
export function leadsOf(passthrough: PassthroughConfig): readonly Lead[] {
  if (passthrough.kind === 'whole') return [{ pool: passthrough.pool, path: ['pool'] }];
  const named = passthrough.names.map(({ name, pool }): Lead => ({ pool, path: ['sni', name] }));
  return passthrough.otherwise === undefined ? named : [...named, { pool: passthrough.otherwise, path: ['otherwise'] }];
}

/** Names of all pools that connections are passed to. */
export function passedPools({ listeners }: Pick<Config, 'listeners'>): ReadonlySet<string> {
  return new Set(listeners.flatMap(({ passthrough }) => (passthrough === undefined ? [] : leadsOf(passthrough).map(({ pool }) => pool))));
}

/** Those that serve requests, by routes. */
export function servingListeners({ listeners }: Pick<Config, 'listeners'>): Config['listeners'] {
  return listeners.filter(({ passthrough }) => passthrough === undefined);
}
