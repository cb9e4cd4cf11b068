import { expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import type { Config, PoolConfig } from '../../../src/config/model.ts';
import { counterKeys } from '../../../src/control/counter-keys.ts';
import { Deadlines } from '../../../src/lib/deadlines.ts';
import type { Log } from '../../../src/lib/log.ts';
import { CounterRegistry } from '../../../src/telemetry/counter-registry.ts';
import { CounterSet } from '../../../src/telemetry/counter-set.ts';
import { LivePools } from '../../../src/upstream/live-pools.ts';
import { onTestFinished } from 'vitest';

const ignore = (): void => undefined;
const log: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore, fatal: ignore };

function configOf(...pools: readonly (readonly [name: string, ...endpoints: string[]])[]): Config {
  const text = {
    listeners: [{ name: 'web', address: '127.0.0.1:0' }],
    pools: Object.fromEntries(pools.map(([name, ...endpoints]) => [name, { versions: { v1: { endpoints } } }])),
  };
  return decodeText('a.yaml', JSON.stringify(text)).config!;
}

function start(all: Config): LivePools {
  const registry = new CounterRegistry(1);
  const counters = new CounterSet(0);
  counters.place(registry.reserve(counterKeys(all)));
  const deadlines = new Deadlines();
  const live = new LivePools({
    deadlines,
    counters,
    log,
    worker: 0,
    workers: 1,
    secureFor: () => undefined,
    onEjections: () => undefined,
    onFault: () => undefined,
  });
  onTestFinished(() => {
    live.apply([]);
    deadlines.close();
  });
  return live;
}

const keysOf = (live: LivePools, pools: readonly PoolConfig[]): readonly string[][] =>
  live.apply(pools).map(({ versions }) => versions.flatMap(({ endpoints }) => endpoints.map(({ key }) => key)));

test('a pool whose config is the same object stays as it is, and its health with it', () => {
  const { pools } = configOf(['a', '127.0.0.1:1'], ['b', '127.0.0.1:2']);
  const other = configOf(['b', '127.0.0.1:3']).pools[0]!;
  const live = start(configOf(['a', '127.0.0.1:1'], ['b', '127.0.0.1:2', '127.0.0.1:3']));
  const [a] = live.apply(pools);
  live.setUnhealthy([
    { pool: 'a', version: 'v1', endpoint: '127.0.0.1:1' },
    { pool: 'b', version: 'v1', endpoint: '127.0.0.1:3' },
  ]);
  const versions = a?.versions;
  const [again, b] = live.apply([pools[0]!, other]);
  expect(again?.versions).toBe(versions);
  expect(again?.versions[0]?.readyCount).toBe(0);
  // What is new is marked.
  expect(b?.versions[0]?.endpoints.map(({ key }) => key)).toEqual(['127.0.0.1:3']);
  expect(b?.versions[0]?.readyCount).toBe(0);
});

test('after other endpoints were found the same object says its own again', () => {
  const { pools } = configOf(['a', '127.0.0.1:1']);
  const found = configOf(['a', '127.0.0.1:1', '127.0.0.1:9']);
  const live = start(found);
  expect(keysOf(live, pools)).toEqual([['127.0.0.1:1']]);
  live.setEndpoints([{ pool: 'a', version: 'v1', endpoints: found.pools[0]!.versions[0]!.endpoints }]);
  expect(keysOf(live, found.pools)).toEqual([['127.0.0.1:1', '127.0.0.1:9']]);
  live.setEndpoints([{ pool: 'a', version: 'v1', endpoints: found.pools[0]!.versions[0]!.endpoints }]);
  expect(keysOf(live, pools)).toEqual([['127.0.0.1:1']]);
});
