// A Sluice with two workers and a door into it, for faults to be made on. Only the test keeps connections to it.

import { vi } from 'vitest';
import { connectAt, get } from '../flow/scaffold/client.ts';
import { configFor, startSluice } from '../flow/scaffold/sluice.ts';
import type { ConfigParts, SluiceOptions } from '../flow/scaffold/sluice.ts';
import type { Message, Wire } from '../flow/scaffold/wire.ts';
import { makeInside } from './inside.ts';
import type { Rig } from './leak-check.ts';

// A fault is made at least twice, on a machine that may have much else to do.
vi.setConfig({ testTimeout: 90_000 });

const WORKERS = 2;

/** @param config as `startSluice` takes it */
export async function startRig(config: object | string, options: SluiceOptions = {}): Promise<Rig> {
  const inside = makeInside(...(options.nodeArguments ?? []));
  const env = { ...options.env, ...inside.options.env };
  const workers = options.workers ?? WORKERS;
  const sluice = await startSluice(config, { ...options, workers, env, nodeArguments: inside.options.nodeArguments });
  const compares = JSON.stringify(config).includes('compare');
  return { sluice, inside, workers, threads: workers + (compares ? 2 : 1) };
}

/** Pools by name, each reached under `/name`; the first also under all other paths. Nothing is ejected unless a pool says so. */
export function poolsConfig(pools: Readonly<Record<string, object>>, parts: ConfigParts = {}): object {
  const [first, ...others] = Object.keys(pools);
  const routes = others.map((name) => ({ name, match: [{ path: { prefix: `/${name}` } }], pool: name }));
  const config = configFor({
    ...parts,
    route: { name: 'first', pool: first, ...parts.route },
    routes: [...routes, ...(parts.routes ?? [])],
  });
  const entries = Object.entries(pools).map(([name, pool]) => [name, { outlier: { consecutive: 0 }, ...pool }]);
  return { ...config, pools: Object.fromEntries(entries) as object };
}

/** The one version `v1` of a pool. */
export function at(...endpoints: string[]): { readonly versions: object } {
  return { versions: { v1: { endpoints } } };
}

/** `count` clients at once, each with one exchange on a connection of its own; returns what `read` made of each. */
export function crowd<T>({ sluice }: Rig, count: number, request: string, read: (wire: Wire) => Promise<T>): Promise<T[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const wire = await connectAt(sluice.whereOf());
      try {
        await wire.write(request);
        return await read(wire);
      } finally {
        wire.destroy();
      }
    }),
  );
}

/** `STATUS OUTCOME` of a local reply, else `STATUS`. */
export function verdictOf(response: Message): string {
  const outcome = response.field('x-sluice-outcome');
  return outcome === undefined ? `${response.status}` : `${response.status} ${outcome}`;
}

/** Distinct verdicts of that many concurrent requests. */
export async function verdicts(rig: Rig, count: number, request = get('/')): Promise<string[]> {
  const all = await crowd(rig, count, request, async (wire) => verdictOf(await wire.readMessage(request.slice(0, request.indexOf(' ')))));
  return [...new Set(all)].sort();
}
