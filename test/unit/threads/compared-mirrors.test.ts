// Since when a mirror compares: from its beginning on, until what is compared becomes something else.

import { describe, expect, it } from 'vitest';
import { ComparedMirrors } from '../../../src/threads/compared-mirrors.ts';
import type { Config, MirrorConfig } from '../../../src/config/model.ts';
import type { VersionDeploy } from '../../../src/telemetry/version-deploy.ts';
import { makeCompare, mirrorsOfShop } from './compared-config.ts';

const DARK: Partial<MirrorConfig> = { name: 'dark', compare: makeCompare() };
const OTHER: Partial<MirrorConfig> = { name: 'other', pool: 'next', version: 'n1', compare: makeCompare() };

const deployed = (pool: string, version: string, deploy = 'd1'): VersionDeploy => ({ pool, version, deploy });

/** Says at which of the moments 1, 2, 3 … each mirror that compares began, after so many configs. */
function begun(...steps: readonly (readonly [Config, readonly VersionDeploy[]])[]): Record<string, number> {
  const mirrors = new ComparedMirrors();
  const lists = steps.map(([config, deploys], index) => mirrors.list(config, deploys, index + 1));
  return Object.fromEntries(lists.at(-1)!.map(({ mirror, sinceMs }) => [mirror, sinceMs]));
}

describe('the beginning of a comparison', () => {
  it('is kept over whatever does not change what is compared', () => {
    const before = mirrorsOfShop(DARK, OTHER);
    const after = mirrorsOfShop(
      { name: 'more', compare: makeCompare() },
      {
        ...{ ...DARK, percent: 1, timeoutMs: 1 },
        compare: makeCompare({ perTemplate: 7, verdict: { minRequests: 1, maxDifferences: 0.5, maxFailures: 0.5 } }),
      },
      { name: 'plain' },
    );
    expect(begun([before, []], [{ ...after, workers: 3 }, [deployed('next', 'n1')]])).toEqual({ dark: 1, more: 2 });
  });

  it.each([
    ['the version', { version: 'v1' }],
    ['the pool', { pool: 'next', version: 'n1' }],
    ['what is ignored', { compare: makeCompare({ ignore: ['$.a'] }) }],
    ['whether noise is measured', { compare: makeCompare({ noisePercent: 0 }) }],
    ['what the copy asks', { requestHeaders: { set: [['x-a', 'b']], add: [], remove: [] } }],
    ['whom the copy asks', { rewrite: { host: 'internal' } }],
  ] satisfies [string, Partial<MirrorConfig>][])('is anew with %s', (_what, change) => {
    const changed = mirrorsOfShop({ ...DARK, ...change }, OTHER);
    expect(begun([mirrorsOfShop(DARK, OTHER), []], [changed, []])).toEqual({ dark: 2, other: 1 });
    expect(begun([mirrorsOfShop(DARK, OTHER), []], [changed, []], [changed, []])).toEqual({ dark: 2, other: 1 });
  });

  it('is anew with a deploy of the candidate, or of any version that may be the primary', () => {
    const config = mirrorsOfShop(DARK, OTHER);
    const since = (...deploys: readonly VersionDeploy[]): Record<string, number> => begun([config, []], [config, deploys]);
    expect(since(deployed('shop', 'v2'))).toEqual({ dark: 2, other: 2 });
    expect(since(deployed('next', 'n1'))).toEqual({ dark: 1, other: 2 });
    expect(since(deployed('next', 'n2'))).toEqual({ dark: 1, other: 1 });
    const both = [deployed('shop', 'v1'), deployed('next', 'n1')];
    expect(begun([config, both], [config, both.toReversed()])).toEqual({ dark: 1, other: 1 });
    expect(begun([config, both], [config, [deployed('shop', 'v1', 'd2'), both[1]!]])).toEqual({ dark: 2, other: 2 });
  });

  it('is anew with a deploy of any version, where the candidate is as its pool splits', () => {
    const config = mirrorsOfShop({ ...OTHER, version: undefined });
    expect(begun([config, []], [config, [deployed('next', 'n2')]])).toEqual({ other: 2 });
  });

  it('is anew when the clock was set back behind it', () => {
    const mirrors = new ComparedMirrors();
    const since = (wallMs: number): number | undefined => mirrors.list(mirrorsOfShop(DARK), [], wallMs)[0]?.sinceMs;
    expect([5000, 6000, 4000, 4500, 9000].map(since)).toEqual([5000, 5000, 4000, 4000, 4000]);
  });

  it('is anew after a pause, and when all was lost', () => {
    expect(begun([mirrorsOfShop(DARK), []], [mirrorsOfShop({ name: 'dark' }), []], [mirrorsOfShop(DARK), []])).toEqual({ dark: 3 });
    const mirrors = new ComparedMirrors();
    mirrors.list(mirrorsOfShop(DARK), [], 1);
    mirrors.forget();
    expect(mirrors.list(mirrorsOfShop(DARK), [], 2)).toMatchObject([{ pool: 'shop', mirror: 'dark', sinceMs: 2 }]);
  });
});
