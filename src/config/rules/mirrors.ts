// A mirror must lead somewhere else than the requests that it copies, copy something, and compare what can be compared.

import { SHADOW_FIELD } from '../../http/forwarding-fields.ts';
import { isSafe } from '../../http/method.ts';
import type { CompareConfig, Config, MirrorConfig, PoolConfig } from '../model.ts';
import type { Path } from '../path.ts';
import { formatSize } from '../size.ts';
import { noSuch } from '../suggest.ts';
import { checkChanges, checkCompared, checkSeen, uniqueSpelling } from './headers.ts';
import type { Review } from './review.ts';

export function mirrorsLeadSomewhere(config: Config, review: Review): void {
  const pools = new Map(config.pools.map((pool) => [pool.name, pool]));
  eachMirror(config, (pool, { version, ...mirror }, path) => {
    const target = mirror.pool ?? pool.name;
    const versions = pools.get(target)?.versions;
    if (versions === undefined) review.problem([...path, 'pool'], noSuch('pool', target, pools.keys()));
    else if (version !== undefined && !versions.some(({ name }) => name === version)) {
      const where = target === pool.name ? '' : `in pool "${target}" `;
      const names = versions.map(({ name }) => name);
      review.problem([...path, 'version'], where + noSuch('version', version, names));
    }
  });
}

/** Weights do not matter: a version may get copies before and after it gets requests. A request that it responds to itself is not copied. */
export function mirrorsLeadElsewhere(config: Config, review: Review): void {
  eachMirror(config, (pool, mirror, path) => {
    if ((mirror.pool ?? pool.name) !== pool.name) return;
    const [sole] = pool.versions;
    if (mirror.version === undefined) {
      if (mirror.pool !== undefined) review.problem([...path, 'pool'], 'a mirror to its own pool needs a version: it would lead in a loop');
    } else if (pool.versions.length === 1 && sole?.name === mirror.version) {
      review.problem(
        [...path, 'version'],
        `the mirror leads in a loop: "${mirror.version}" is the only version, and gets every request itself`,
      );
    }
  });
}

export function mirrorsMayCopy(config: Config, review: Review): void {
  eachMirror(config, (_, { sideEffects, match }, path) => {
    if (sideEffects === 'allow') return;
    for (const [index, method] of match.methods.entries()) {
      if (isSafe(method)) continue;
      review.notice([...path, 'match', 'methods', index], `${method} is not copied: it needs sideEffects: allow`);
    }
  });
}

export function headersOfMirrorsKeepFraming(config: Config, review: Review): void {
  eachMirror(config, (_, { requestHeaders }, path) => {
    checkChanges(review, [...path, 'requestHeaders'], requestHeaders);
    for (const key of ['set', 'add'] as const) {
      const names = requestHeaders[key].map(([name]) => name);
      if (key === 'set') uniqueSpelling(review, [...path, 'requestHeaders', key], names);
      for (const name of names.filter((each) => each.toLowerCase() === SHADOW_FIELD))
        review.problem([...path, 'requestHeaders', key, name], `${SHADOW_FIELD} names the mirror and cannot be changed`, 'key');
    }
    const matched = [...path, 'match', 'headers'];
    const written = Object.keys((review.written(matched) as object | undefined) ?? {});
    uniqueSpelling(review, matched, written);
    for (const name of written) checkSeen(review, [...matched, name], name, 'key');
  });
}

export function comparisonsFitTheirMirrors(config: Config, review: Review): void {
  eachMirror(config, (_, { compare, limits }, path) => {
    if (compare === undefined) return;
    const at = [...path, 'compare'];
    for (const [index, name] of compare.headers.entries()) checkCompared(review, [...at, 'headers', index], name);
    if (compare.bodyBytes <= limits.responseBytes) return;
    const [body, response] = [formatSize(compare.bodyBytes), formatSize(limits.responseBytes)];
    review.problem([...at, 'body'], `body (${body}) may not exceed limits.response of the mirror (${response}): no more than that is read`);
  });
}

/** Evidence never proves that nothing at all differs; and only what is safe to repeat is asked of the primary's version a second time. */
export function comparisonsCanPass(config: Config, review: Review): void {
  eachMirror(config, (_, { compare, match, sideEffects }, path) => {
    if (compare === undefined) return;
    const at = [...path, 'compare'];
    noticeEndless(review, [...at, 'verdict'], compare);
    const isUnsafe = match.methods.length > 0 && !match.methods.some(isSafe);
    if (compare.noisePercent === 0 || sideEffects === 'forbid' || !isUnsafe) return;
    const fix = 'write noise: off, and ignore what differs by itself';
    review.notice([...at, 'noise'], `of ${match.methods.join(', ')} no secondary copy is made, so the verdict stays inconclusive: ${fix}`);
  });
}

function noticeEndless(review: Review, path: Path, { verdict }: CompareConfig): void {
  for (const key of ['maxDifferences', 'maxFailures'] as const) {
    if (verdict[key] > 0) continue;
    review.notice([...path, key], `${key} of 0 is never reached, so there is no pass: write a small share such as 0.1%`);
  }
}

function eachMirror(config: Config, check: (pool: PoolConfig, mirror: MirrorConfig, path: Path) => void): void {
  for (const pool of config.pools) {
    for (const [index, mirror] of pool.mirrors.entries()) check(pool, mirror, ['pools', pool.name, 'mirrors', index]);
  }
}
