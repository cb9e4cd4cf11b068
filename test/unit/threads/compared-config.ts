// Configs whose mirrors compare, made in code.

import { decodeText } from '../../../src/config/decode.ts';
import type { CompareConfig, Config, MirrorConfig } from '../../../src/config/model.ts';
import { makeMirror } from '../routing/make-mirror.ts';

const YAML = `
listeners: [{ name: web, address: 127.0.0.1:8080 }]
pools:
  shop:
    versions:
      v1: { endpoints: [127.0.0.1:9001] }
      v2: { endpoints: [127.0.0.1:9002] }
    split: { v1: 100, v2: 0 }
  next:
    versions:
      n1: { endpoints: [127.0.0.1:9003] }
      n2: { endpoints: [127.0.0.1:9004] }
    split: { n1: 100, n2: 0 }
routes: [{ name: all, pool: shop }]
`;

const BASE = decodeText('test.yaml', YAML).config!;

export function makeCompare(compare: Partial<CompareConfig> = {}): CompareConfig {
  return {
    headers: ['content-type'],
    ignore: [],
    lists: [],
    numbers: [],
    redact: [],
    examples: 'shapes',
    bodyBytes: 262_144,
    perTemplate: 100,
    noisePercent: 100,
    verdict: { minRequests: 1000, maxDifferences: 0.001, maxFailures: 0.001 },
    ...compare,
  };
}

/** Pool shop with these mirrors; pool next without any. */
export function mirrorsOfShop(...mirrors: readonly Partial<MirrorConfig>[]): Config {
  const made = mirrors.map((mirror) => makeMirror(mirror));
  return { ...BASE, pools: BASE.pools.map((pool) => (pool.name === 'shop' ? { ...pool, mirrors: made } : pool)) };
}
