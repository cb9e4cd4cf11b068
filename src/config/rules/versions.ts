// The versions of a pool and its split must fit together.

import type { Config, PoolConfig } from '../model.ts';
import { noSuch } from '../suggest.ts';
import { weightOf } from '../schema/scalar.ts';
import type { Review } from './review.ts';

export function splitNamesVersions(config: Config, review: Review): void {
  for (const pool of config.pools) {
    const names = new Set(versionNames(pool));
    for (const name of Object.keys(writtenSplit(pool, review) ?? {})) {
      if (names.has(name)) continue;
      review.problem(['pools', pool.name, 'split', name], noSuch('version', name, names), 'key');
    }
  }
}

/** Whatever weights say, nobody meets a preview by chance. */
export function previewsHaveNoWeight(config: Config, review: Review): void {
  for (const { name: pool, versions, split } of config.pools) {
    for (const { name, previewUntilMs } of versions) {
      if (previewUntilMs === undefined || (split[name] ?? 0) === 0) continue;
      review.problem(['pools', pool, 'split', name], `${name} is a preview, which never has a weight: add it as a version`, 'value');
    }
  }
}

export function canaryIsVersion(config: Config, review: Review): void {
  for (const { name, canary, versions } of config.pools) {
    if (canary === undefined || versions.some((version) => version.name === canary)) continue;
    const names = versions.map((version) => version.name);
    review.problem(['pools', name, 'canary'], noSuch('version', canary, names), 'value');
  }
}

export function splitIsRequired(config: Config, review: Review): void {
  for (const pool of config.pools) {
    if (pool.versions.length < 2 || writtenSplit(pool, review) !== undefined) continue;
    const example = versionNames(pool).map((name, index) => `${name}: ${index === 0 ? 100 : 0}`);
    review.problem(
      ['pools', pool.name],
      `split is required because there are ${pool.versions.length} versions: add split: { ${example.slice(0, 5).join(', ')} }`,
      'key',
    );
  }
}

export function splitIsNotAllZero(config: Config, review: Review): void {
  for (const pool of config.pools) {
    const written = writtenSplit(pool, review);
    if (written === undefined || Object.values(pool.split).some((weight) => weight > 0)) continue;
    review.notice(['pools', pool.name, 'split'], 'every weight is 0: requests without an override get 503', 'key');
  }
}

/** Percents say how much of all a version gets, so they must be all of it: 90% and 5% are a slip. */
export function splitPercentsAreAll(config: Config, review: Review): void {
  for (const pool of config.pools) {
    const written = Object.entries(writtenSplit(pool, review) ?? {});
    const percents = written.filter(([, weight]) => typeof weight === 'string');
    if (percents.length === 0) continue;
    const path = ['pools', pool.name, 'split'];
    const bare = written.find(([, weight]) => typeof weight !== 'string' && weight !== 0);
    if (bare !== undefined) {
      review.problem(
        [...path, bare[0]],
        `the weights of one split are all numbers or all percents, got ${String(bare[1])} beside ${String(percents[0]?.[1])}: write ${String(bare[1])}%`,
      );
      continue;
    }
    const sum = Math.round(percents.reduce((all, [, weight]) => all + (weightOf(weight) ?? 0), 0) * 1e6) / 1e6;
    if (sum !== 100) review.problem(path, `percents of a split must add up to 100%, got ${sum}%${hintOfSum(percents, sum)}`);
  }
}

/** What the first one would be; for two, that one of them may be left out is known from the guide. */
function hintOfSum(percents: readonly (readonly [string, unknown])[], sum: number): string {
  const [first] = percents;
  if (first === undefined) return '';
  const right = Math.round(((weightOf(first[1]) ?? 0) + 100 - sum) * 1e6) / 1e6;
  return right < 0 ? '' : ` (write ${first[0]}: ${right}%)`;
}

export function overridesNameVersions(config: Config, review: Review): void {
  for (const pool of config.pools) {
    const names = new Set(versionNames(pool));
    for (const [index, { version }] of pool.overrides.entries()) {
      if (!names.has(version)) review.problem(['pools', pool.name, 'overrides', index, 'version'], noSuch('version', version, names));
    }
  }
}

function versionNames(pool: PoolConfig): readonly string[] {
  return pool.versions.map(({ name }) => name);
}

function writtenSplit(pool: PoolConfig, review: Review): object | undefined {
  return review.written(['pools', pool.name, 'split']) as object | undefined;
}
