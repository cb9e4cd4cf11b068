// A router with four verbs (Flagger asks for these of every mesh and ingress) over Sluice's admin API. All state is in Sluice:
// GetRoutes returns what is set, no matter who has set it.

import { askSluice, type Sluice } from './ask-sluice.ts';

export interface Canary {
  /** The pool. */
  readonly name: string;
  /** Names of its versions. */
  readonly primary: string;
  readonly canary: string;
}

export interface Routes {
  /** Percent, 0 to 100. */
  readonly primaryWeight: number;
  readonly canaryWeight: number;
  readonly mirrored: boolean;
}

interface Pool {
  readonly weights: Readonly<Record<string, number>>;
  readonly versions: readonly { readonly name: string }[];
  readonly mirrors: readonly { readonly name: string }[];
}

/** The name of our mirror. */
const SHADOW = 'canary-shadow';

export function router(sluice: Sluice) {
  const ask = askSluice(sluice);
  const pathOf = ({ name }: Canary): string => `/v1/pools/${encodeURIComponent(name)}`;
  const put = (canary: Canary, { primaryWeight, canaryWeight }: Omit<Routes, 'mirrored'>, reason: string): Promise<unknown> =>
    ask('PUT', `${pathOf(canary)}/split`, { weights: { [canary.primary]: primaryWeight, [canary.canary]: canaryWeight }, reason });

  return {
    /** The pool and its versions come from the config of Sluice: this only checks that they exist, before a run begins. */
    async Reconcile(canary: Canary): Promise<void> {
      const { versions } = await ask<Pool>('GET', pathOf(canary));
      const missing = [canary.primary, canary.canary].filter((name) => !versions.some((version) => version.name === name));
      if (missing.length > 0) throw new Error(`pool ${canary.name} has no version ${missing.join(' and no version ')}`);
    },

    /** When it resolves, every worker obeys. */
    async SetRoutes(canary: Canary, routes: Routes): Promise<void> {
      const shadow = `${pathOf(canary)}/mirrors/${SHADOW}`;
      if (routes.mirrored) await ask('PUT', shadow, { version: canary.canary, percent: 100 });
      else await ask('DELETE', shadow);
      await put(canary, routes, `SetRoutes ${routes.primaryWeight}/${routes.canaryWeight}`);
    },

    async GetRoutes(canary: Canary): Promise<Routes> {
      const { weights, mirrors } = await ask<Pool>('GET', pathOf(canary));
      const [primary, canaryNow] = [weights[canary.primary] ?? 0, weights[canary.canary] ?? 0];
      const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
      const percent = (weight: number): number => (total === 0 ? 0 : Math.round((weight / total) * 100));
      return { primaryWeight: percent(primary), canaryWeight: percent(canaryNow), mirrored: mirrors.some(({ name }) => name === SHADOW) };
    },

    /** The canary is no more: all traffic to the primary, and what was added goes. */
    async Finalize(canary: Canary): Promise<void> {
      await put(canary, { primaryWeight: 100, canaryWeight: 0 }, 'Finalize');
      for (const list of ['overrides', 'mirrors']) await ask('DELETE', `${pathOf(canary)}/${list}?reason=Finalize`);
    },
  };
}
