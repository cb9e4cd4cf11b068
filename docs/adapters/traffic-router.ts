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

type Split = Readonly<{ weights: Record<string, number>; workers: { applied: number; total: number } }>;
type Value = Readonly<{ exact?: string; prefix?: string; regex?: string }>;

export interface HeaderRoute {
  readonly name: string;
  /** Any of them; none removes the route. */
  readonly match?: readonly { readonly headerName: string; readonly headerValue: Value }[];
}

export interface MirrorRoute {
  readonly name: string;
  readonly percentage?: number;
  /** Any of them; none removes the mirror. */
  readonly match?: readonly { method?: Value; path?: Value; headers?: Readonly<Record<string, Value>> }[];
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

  /** One per match: `name`, `name.2`, `name.3`; what is left of a longer list is removed. */
  const setEach = async (list: 'overrides' | 'mirrors', name: string, bodies: readonly object[]): Promise<void> => {
    const names = bodies.map((_, index) => (index === 0 ? name : `${name}.${index + 1}`));
    for (const [index, body] of bodies.entries())
      await ask('PUT', `${at}/${list}/${names[index]}`, { ...body, version: canary, reason: name });
    const there = (await ask<Record<string, readonly { name: string }[]>>('GET', `${at}/${list}`))[list] ?? [];
    const isOurs = (each: string): boolean => [each, each.replace(/\.[0-9]+$/, '')].includes(name);
    for (const old of there) if (isOurs(old.name) && !names.includes(old.name)) await ask('DELETE', `${at}/${list}/${old.name}`);
  };

  return {
    Type: (): string => 'Sluice',

    /** When it resolves, every worker obeys. */
    async SetWeight(canaryWeight: number, others: readonly WeightDestination[] = []): Promise<void> {
      await ask('PUT', `${at}/split`, { weights: weightsFor(canaryWeight, others), reason: `SetWeight ${canaryWeight}` });
    },

    async VerifyWeight(canaryWeight: number, others: readonly WeightDestination[] = []): Promise<'Verified' | 'NotVerified'> {
      const { weights, workers } = await ask<Split>('GET', `${at}/split`);
      const wanted = weightsFor(canaryWeight, others);
      const isSet = Object.keys({ ...weights, ...wanted }).every((name) => (weights[name] ?? 0) === (wanted[name] ?? 0));
      return isSet && workers.applied === workers.total ? 'Verified' : 'NotVerified';
    },

    async SetHeaderRoute({ name, match = [] }: HeaderRoute): Promise<void> {
      const bodies = match.map(({ headerName, headerValue }) => ({ header: { name: headerName, value: valueOf(headerValue) } }));
      await setEach('overrides', name, bodies);
    },

    async SetMirrorRoute({ name, percentage = 100, match = [] }: MirrorRoute): Promise<void> {
      const bodies = match.map(({ method, path, headers = {} }) => ({
        percent: percentage,
        match: {
          ...(method && { methods: [method.exact] }),
          ...(path && { paths: [path] }),
          headers: Object.fromEntries(Object.entries(headers).map(([header, value]) => [header, valueOf(value)])),
        },
      }));
      await setEach('mirrors', name, bodies);
    },

    async RemoveManagedRoutes(): Promise<void> {
      for (const list of ['overrides', 'mirrors']) await ask('DELETE', `${at}/${list}?reason=RemoveManagedRoutes`);
    },
  };
}

/** A regular expression of Sluice may match anywhere in the value; those of a route must match all of it. */
function valueOf({ exact, prefix, regex }: Value): string | { regex: string } {
  if (exact !== undefined) return exact;
  return { regex: prefix === undefined ? `^(?:${regex ?? ''})$` : `^${prefix.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}` };
}
