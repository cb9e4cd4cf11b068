// Which mirrors compare, and since when: evidence about one thing must not be taken for evidence about another.

import type { Config, MirrorConfig, PoolConfig } from '../config/model.ts';
import type { ComparedMirror } from '../compare/comparer-set.ts';
import { mirrorKey } from '../compare/mirror-key.ts';
import type { VersionDeploy } from '../telemetry/version-deploy.ts';
import { comparerSettings, judgeSettings } from './comparer-settings.ts';

interface Begun {
  /** What is compared, and how. */
  readonly subject: string;
  readonly sinceMs: number;
}

export class ComparedMirrors {
  #begun: ReadonlyMap<string, Begun> = new Map();

  /**
   * The mirrors of this config that compare. One whose subject is what it was keeps its beginning: the target, how the copy differs from the
   * request, how responses are compared, and the deploys of the versions that respond. How often they are compared and how they are judged is no part of it.
   */
  list({ pools }: Config, deploys: readonly VersionDeploy[], wallMs: number): readonly ComparedMirror[] {
    const begun = new Map<string, Begun>();
    const listed: ComparedMirror[] = [];
    for (const pool of pools) {
      for (const mirror of pool.mirrors) {
        const { compare } = mirror;
        if (compare === undefined) continue;
        const key = mirrorKey(pool.name, mirror.name);
        const subject = subjectOf(pool, mirror, deploys);
        const known = this.#begun.get(key);
        // A beginning in the future was before the clock was set back.
        const sinceMs = known?.subject === subject && known.sinceMs <= wallMs ? known.sinceMs : wallMs;
        begun.set(key, { subject, sinceMs });
        listed.push({ pool: pool.name, mirror: mirror.name, settings: comparerSettings(compare), judge: judgeSettings(compare), sinceMs });
      }
    }
    this.#begun = begun;
    return listed;
  }

  /** What was compared is lost. */
  forget(): void {
    this.#begun = new Map();
  }
}

function subjectOf(pool: PoolConfig, mirror: MirrorConfig, deploys: readonly VersionDeploy[]): string {
  const { version, requestHeaders, rewrite, compare } = mirror;
  const { perTemplate: _often, verdict: _bounds, ...how } = compare!;
  const target = mirror.pool ?? pool.name;
  // Each version of the pool may be the primary.
  const responding = deploys.filter(
    (each) => each.pool === pool.name || (each.pool === target && (version === undefined || each.version === version)),
  );
  const releases = responding.map((each) => [each.pool, each.version, each.deploy].join('/')).sort();
  return JSON.stringify([target, version ?? '', requestHeaders, rewrite, how, releases]);
}
