// A mirror from the few words that matter to a test; by default it copies all to v2.

import type { MirrorConfig } from '../../../src/config/model.ts';

export function makeMirror(mirror: Partial<MirrorConfig> = {}): MirrorConfig {
  return {
    name: 'dark',
    pool: undefined,
    version: 'v2',
    percent: 100,
    fraction: undefined,
    sample: 'session',
    match: { methods: [], paths: [], headers: [] },
    sideEffects: 'forbid',
    onAbort: 'cancel',
    timeoutMs: 15_000,
    limits: { connections: 64, requests: 256, lagBytes: 1_048_576, responseBytes: 1_048_576 },
    requestHeaders: { set: [], add: [], remove: [] },
    rewrite: { host: undefined },
    compare: undefined,
    ...mirror,
  };
}
