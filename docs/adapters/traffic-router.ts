// The verbs of a traffic-router plugin (Argo Rollouts calls them so) over Sluice's admin API. Every verb may be called again and again.

import { askSluice, type Sluice } from './ask-sluice.ts';

export interface RouterTarget extends Sluice {
  readonly pool: string;
  readonly stable: string;
  readonly canary: string;
}

export interface WeightDestination {
  /** Name of a version of the pool. */
  readonly serviceName: string;
  readonly weight: number;
}

export interface HeaderRoute {
  readonly name: string;
  /** Any of them; none removes the route. */
  readonly match?: readonly {
    readonly headerName: string;
    readonly headerValue: { readonly exact?: string; readonly prefix?: string; readonly regex?: string };
  }[];
}

export interface MirrorRoute {
  readonly name: string;
  readonly percentage?: number;
  /** None removes the mirror. */
  readonly match?: readonly unknown[];
}

export function trafficRouter({ pool, stable, canary, ...sluice }: RouterTarget) {
  const ask = askSluice(sluice);
  const at = `/v1/pools/${encodeURIComponent(pool)}`;

  const weightsFor = (canaryWeight: number, others: readonly WeightDestination[]): Record<string, number> => {
    const rest = others.reduce((sum, { weight }) => sum + weight, canaryWeight);
    if (rest > 100) throw new RangeError(`the weights add up to ${rest}, which is more than 100`);
    return {
      ...Object.fromEntries(others.map(({ serviceName, weight }) => [serviceName, weight])),
      [canary]: canaryWeight,
      [stable]: 100 - rest,
    };
  };

  return {
    Type: (): string => 'Sluice',

    /** When it resolves, every worker obeys. */
    async SetWeight(canaryWeight: number, others: readonly WeightDestination[] = []): Promise<void> {
      await ask('PUT', `${at}/split`, { weights: weightsFor(canaryWeight, others), reason: `SetWeight ${canaryWeight}` });
    },

    async VerifyWeight(canaryWeight: number, others: readonly WeightDestination[] = []): Promise<'Verified' | 'NotVerified'> {
      const { weights, workers } = await ask<{ weights: Record<string, number>; workers: { applied: number; total: number } }>(
        'GET',
        `${at}/split`,
      );
      const wanted = weightsFor(canaryWeight, others);
      const isSet = [...new Set([...Object.keys(weights), ...Object.keys(wanted)])].every(
        (name) => (weights[name] ?? 0) === (wanted[name] ?? 0),
      );
      return isSet && workers.applied === workers.total ? 'Verified' : 'NotVerified';
    },

    /** An override per match: `name`, `name.2`, `name.3`; what is left of a longer list is removed. */
    async SetHeaderRoute({ name, match = [] }: HeaderRoute): Promise<void> {
      const names = match.map((_, index) => (index === 0 ? name : `${name}.${index + 1}`));
      for (const [index, { headerName, headerValue }] of match.entries()) {
        const header = { name: headerName, value: valueOf(headerValue) };
        await ask('PUT', `${at}/overrides/${names[index]}`, { header, version: canary, reason: `SetHeaderRoute ${name}` });
      }
      const { overrides } = await ask<{ overrides: readonly { name: string }[] }>('GET', `${at}/overrides`);
      const isOurs = (each: string): boolean =>
        each === name || (each.startsWith(`${name}.`) && /^[0-9]+$/.test(each.slice(name.length + 1)));
      for (const old of overrides) if (isOurs(old.name) && !names.includes(old.name)) await ask('DELETE', `${at}/overrides/${old.name}`);
    },

    SetMirrorRoute({ name, match = [] }: MirrorRoute): Promise<void> {
      if (match.length === 0) return Promise.resolve();
      return Promise.reject(new Error(`mirror ${name}: Sluice has no call for mirrors yet; take setMirrorRoute out of the steps`));
    },

    async RemoveManagedRoutes(): Promise<void> {
      await ask('DELETE', `${at}/overrides?reason=RemoveManagedRoutes`);
    },
  };
}

/** A regular expression of Sluice may match anywhere in the value; those of a route must match all of it. */
function valueOf({ exact, prefix, regex }: { exact?: string; prefix?: string; regex?: string }): string | { regex: string } {
  if (exact !== undefined) return exact;
  return { regex: prefix === undefined ? `^(?:${regex ?? ''})$` : `^${prefix.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}` };
}
