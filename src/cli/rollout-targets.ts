// Which pools a rollout is to move: `shop v2`, or several as `shop=v2 cart=v2`.

import { EXIT, Failure } from './failure.ts';

export interface RolloutTarget {
  readonly pool: string;
  readonly to: string;
}

export function readTargets(words: readonly string[]): readonly [RolloutTarget, ...RolloutTarget[]] {
  const [pool = '', to, ...others] = words;
  if (!words.some((word) => word.includes('='))) {
    if (to !== undefined && others.length === 0) return [{ pool, to }];
    throw refused(words.length < 2 ? 'name the version as well' : 'several pools are named as POOL=VERSION');
  }
  const targets = words.map((word) => {
    const at = word.indexOf('=');
    if (at <= 0 || at === word.length - 1) throw refused(`${JSON.stringify(word)} is no POOL=VERSION`);
    return { pool: word.slice(0, at), to: word.slice(at + 1) };
  });
  return targets as [RolloutTarget, ...RolloutTarget[]];
}

function refused(what: string): Failure {
  return new Failure(EXIT.usage, what, ['sluice rollout start shop v2', 'sluice rollout start shop=v2 cart=v2   both together']);
}
