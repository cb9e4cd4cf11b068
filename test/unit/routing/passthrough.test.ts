import { expect, test } from 'vitest';
import type { Config, PassthroughConfig, PoolConfig } from '../../../src/config/model.ts';
import { choose } from '../../../src/routing/choose.ts';
import { Choice } from '../../../src/routing/choice.ts';
import { compileTable } from '../../../src/routing/compile.ts';
import { explain } from '../../../src/routing/explain.ts';
import { ExpectedVersions } from '../../../src/routing/expected-versions.ts';
import { NO_REQUEST } from '../../../src/routing/passthrough.ts';
import { readQuestion } from '../../../src/routing/question.ts';
import type { Question } from '../../../src/routing/question.ts';
import type { Table } from '../../../src/routing/table.ts';
import { FakeState, makeConfig, makePool, makeRoute } from './make-table.ts';

const NAMES = [
  ['a.test', 'exact'],
  ['*.test', 'wide'],
  ['*.b.test', 'near'],
] as const;

function tableOf(passthrough: PassthroughConfig, pools: readonly PoolConfig[]): Table {
  const config = makeConfig([makeRoute('all', { action: { kind: 'pool', pool: pools[0]!.name, version: undefined } })], pools, [
    'tcp',
    'web',
  ]);
  const listeners = config.listeners.map((listener) => (listener.name === 'tcp' ? { ...listener, passthrough } : listener));
  return compileTable({ ...config, listeners } as Config, 1);
}

const pools = ['exact', 'wide', 'near', 'rest'].map((name) => makePool({ v1: 1 }, { name }));
const names = NAMES.map(([name, pool]) => ({ name, pool }));

test('the exact name goes before the longest wildcard, and that before all others', () => {
  const table = tableOf({ kind: 'sni', names, otherwise: 'rest' }, pools);
  const passthrough = table.passthroughs.get('tcp')!;
  const poolOf = (name: string): string | undefined => passthrough.find(name)?.destination.pool.name;
  expect(['a.test', 'c.test', 'x.y.c.test', 'b.test', 'x.b.test', 'x.a.test'].map(poolOf)).toEqual([
    ...['exact', 'wide', 'wide', 'wide', 'near', 'wide'],
  ]);
  expect(['', 'test', 'a.other', 'atest'].map(poolOf)).toEqual(['rest', 'rest', 'rest', 'rest']);
  expect(passthrough.isByName).toBe(true);
  expect(table.passthroughs.get('web')).toBeUndefined();
  const strict = tableOf({ kind: 'sni', names, otherwise: undefined }, pools).passthroughs.get('tcp')!;
  expect([strict.find(''), strict.find('other')]).toEqual([undefined, undefined]);
  const whole = tableOf({ kind: 'whole', pool: 'near' }, pools).passthroughs.get('tcp')!;
  expect([whole.isByName, whole.find('')?.destination.pool.name]).toEqual([false, 'near']);
  expect(() => tableOf({ kind: 'whole', pool: 'none' }, pools)).toThrow('unknown pool none');
});

test('a connection is keyed by its address or not at all, and no override or mirror is met', () => {
  const split = { v1: 50, v2: 50 };
  const byCookie = makePool(split, {
    name: 'db',
    affinity: {
      ...{ kind: 'cookie', name: 'id', own: true, maxAgeMs: 1000, path: '/', sameSite: 'lax', secure: 'auto', domain: undefined },
      ...{ partitioned: false, remember: undefined },
    },
    overrides: [{ name: 'any', source: { kind: 'query', name: 'v' }, value: { kind: 'exact', value: '' }, version: 'v2' }],
  });
  const byClient = makePool(split, { name: 'db', affinity: { kind: 'clientIp', remember: undefined } });
  const chosen = (pool: PoolConfig, client: string): Choice => {
    const found = tableOf({ kind: 'whole', pool: 'db' }, [pool]).passthroughs.get('tcp')!.find('')!.destination.pool;
    expect([found.index, found.overrides, found.mirrors]).toEqual([0, [], undefined]);
    const choice = new Choice();
    choose(found, NO_REQUEST, client, new FakeState(found), choice);
    return choice;
  };
  expect(chosen(byCookie, '192.0.2.1')).toMatchObject({ key: '', setCookie: false });
  const clients = Array.from({ length: 40 }, (_, at) => `192.0.2.${at}`);
  const first = clients.map((client) => chosen(byClient, client));
  expect(first.map(({ key }) => key)).toEqual(clients);
  expect(clients.map((client) => chosen(byClient, client).version!.name)).toEqual(first.map(({ version }) => version!.name));
  expect(new Set(first.map(({ version }) => version!.name)).size).toBe(2);
});

test('explain says where a name leads, and what becomes of one that leads nowhere', () => {
  const ask = (passthrough: PassthroughConfig, url: string): ReturnType<typeof explain> => {
    const { request, scheme } = readQuestion({ method: 'GET', url, headers: [] }) as Question;
    return explain(tableOf(passthrough, pools), { listener: 'tcp', request, scheme, client: '', ready: () => true });
  };
  const bySni: PassthroughConfig = { kind: 'sni', names, otherwise: undefined };
  expect(ask(bySni, 'https://X.b.test:443/path')).toMatchObject({ outcome: 'pool', pool: 'near', version: 'v1', status: undefined });
  expect(ask(bySni, 'https://x.b.test').steps[0]).toBe(
    'Listener tcp passes connections through: a client that asks for the name x.b.test comes to pool near (as *.b.test).',
  );
  expect(ask({ ...bySni, otherwise: 'rest' }, 'https://192.0.2.1').steps[0]).toBe(
    'Listener tcp passes connections through: a client that asks for no name comes to pool rest (otherwise).',
  );
  const closed = ask(bySni, 'https://other.example');
  expect(closed).toMatchObject({ outcome: 'no_route', pool: undefined, status: undefined, mirrors: [] });
  expect(closed.steps).toEqual([
    'Listener tcp passes connections through, and a client that asks for the name other.example leads nowhere. The connection is closed (no_route).',
  ]);
  expect(ask({ kind: 'whole', pool: 'wide' }, '/').steps[0]).toBe('Listener tcp passes all connections through, to pool wide.');
});

test('what a change means for connections is foreseen by their names', () => {
  const before = tableOf({ kind: 'sni', names, otherwise: undefined }, pools);
  const versions = new ExpectedVersions({ table: before, ready: () => true });
  const seen = (serverName: string | undefined, listener = 'tcp'): string[] => [
    ...versions.of({ listener, request: { ...NO_REQUEST, path: '/' }, serverName, client: '192.0.2.1', standsFor: 1 }).keys(),
  ];
  expect([seen('a.test'), seen('x.b.test'), seen(''), seen('other')]).toEqual([['exact v1'], ['near v1'], ['no_route'], ['no_route']]);
  // A listener may have been another before.
  expect([seen('a.test', 'web'), seen(undefined, 'web'), seen(undefined)]).toEqual([['no_route'], ['exact v1'], ['no_route']]);
});
