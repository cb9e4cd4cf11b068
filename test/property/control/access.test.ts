// Whatever a caller asks for, by whichever call: nothing changes that is above its role.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readFiles } from '../../../src/config/decode.ts';
import type { Config } from '../../../src/config/model.ts';
import { describeConfig } from '../../../src/config/print.ts';
import type { Change } from '../../../src/control/control-api.ts';
import type { AmendOutcome } from '../../../src/control/submission.ts';
import type { Role } from '../../../src/control/touched-fields.ts';
import { open } from '../../unit/control/fakes.ts';

interface Parts {
  readonly top: readonly string[];
  readonly pool: readonly string[];
  readonly mirror: readonly string[];
  readonly weight: number;
  /** Of the version v3. */
  readonly more: string;
}

/** Each a key with a value that it does not have by default. */
const TOP = [
  'admin: { address: 127.0.0.1:9901, auth: { tokens: [{ name: a, role: admin, env: A }] } }',
  'admin: { address: 127.0.0.1:9901, auth: { tokens: [{ name: b, role: operator, env: B }] }, limits: { writesPerSecond: 7 } }',
  'workers: 3',
  'state: memory',
  'drain: { timeout: 7s }',
  'overload: { memory: off }',
  'accessLog: { path: stdout, sample: 5% }',
  'accessLog: { path: /var/log/a.log }',
  'accessLog: { path: a.log }',
  'admin: { auth: { tokens: [{ name: c, role: admin, file: /run/c }] } }',
  'admin: { address: unix:/run/admin.sock }',
] as const;
const POOL = [
  'balancer: random',
  'limits: { requests: 3 }',
  'timeouts: { response: 3s }',
  'health: { path: /up }',
  'affinity: { header: x-user }',
  'overrides: [{ name: qa, header: { name: x-qa, value: a }, version: v2 }]',
  'fallback: { whenNoneReady: fail }',
] as const;
const MIRROR = [
  'requestHeaders: { set: { x-key: a } }',
  'requestHeaders: { remove: [x] }',
  'rewrite: { host: a.test }',
  'percent: 5',
] as const;

const MORE = [
  'endpoints: [127.0.0.1:9005]',
  'endpoints: [unix:/run/a.sock]',
  'endpointsFile: /etc/a.yaml',
  'endpointsFile: b.yaml',
] as const;

function write({ top, pool, mirror, weight, more }: Parts): string {
  return `
listeners: [{ name: web, address: "127.0.0.1:8080"${top.length % 2 === 1 ? ', limits: { headerCount: 7 }' : ''} }]
${top.join('\n')}
pools:
  shop:
    ${pool.join('\n    ')}
    versions:
      v1: { endpoints: [127.0.0.1:9001, 127.0.0.1:9003], drain: ${weight % 3 === 1} }
      v2: { endpoints: [{ address: 127.0.0.1:9002, drain: ${weight % 3 === 2} }] }
      v3: { ${more} }
    split: { v1: ${100 - weight}, v2: ${weight} }
    mirrors: [${mirror.length === 0 ? '' : `{ name: dark, version: v2, ${mirror.join(', ')} }`}]
routes:
  - { name: main, pool: shop${pool.length % 2 === 1 ? ', timeout: 3s' : ''} }
`;
}

/** At most one line for each key. */
const some = (lines: readonly string[]): fc.Arbitrary<readonly string[]> =>
  fc.uniqueArray(fc.constantFrom(...lines), { selector: (line) => line.split(':')[0], maxLength: 4 });
const document = fc
  .record({
    top: some(TOP),
    pool: some(POOL),
    mirror: some(MIRROR),
    weight: fc.integer({ min: 1, max: 99 }),
    more: fc.constantFrom(...MORE),
  })
  .map(write);

const shop = fc.constant('shop');
const target = {
  pool: shop,
  version: fc.constantFrom('v1', 'v2'),
  endpoint: fc.constantFrom(undefined, '127.0.0.1:9001', '127.0.0.1:9002'),
};
const mirror = fc.record({
  version: fc.constant('v2'),
  requestHeaders: fc.constantFrom({}, { set: { 'x-key': 'mine' } }),
  rewrite: fc.constantFrom({}, { host: 'mine.test' }),
});
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('config' as const), document }),
  fc.record({
    kind: fc.constant('restore' as const),
    revision: fc.integer({ min: 1, max: 8 }),
    pools: fc.constantFrom(undefined, ['shop'], []),
  }),
  fc.record({ kind: fc.constant('split' as const), pool: shop, weights: fc.constantFrom({ v1: 1, v2: 2 }, { v1: 5, v2: 0 }) }),
  fc.record({ kind: fc.constant('mirror' as const), pool: shop, name: fc.constantFrom('dark', 'other'), mirror }),
  fc.record({
    kind: fc.constantFrom('remove-mirror' as const, 'remove-override' as const),
    pool: shop,
    name: fc.constantFrom('dark', 'qa'),
  }),
  fc.record({ kind: fc.constantFrom('clear-mirrors' as const, 'clear-overrides' as const), pool: shop }),
  fc.record({
    kind: fc.constant('preview' as const),
    pool: shop,
    name: fc.constantFrom('pr', 'v2'),
    endpoints: fc.constantFrom(['127.0.0.9:1'], ['10.0.0.1:80']),
    untilMs: fc.constant(4e12),
    ttlMs: fc.constant(1000),
    override: fc.constantFrom(undefined, { header: { name: 'x-p', value: 'pr' } }),
    host: fc.constantFrom(undefined, 'pr.example.com'),
  }),
  fc.record({ kind: fc.constant('remove-preview' as const), pool: shop, name: fc.constantFrom('pr', 'v2') }),
  fc.record({ kind: fc.constantFrom('drain' as const, 'resume' as const), ...target }),
);
const step = fc.record({ change, role: fc.constantFrom<Role>('viewer', 'operator', 'operator', 'admin'), dryRun: fc.boolean() });

type Written = Record<string, unknown>;

/** What is left of a config when all that an operator may change is taken out, and what a mirror sends by its name. */
function aboveOperators(config: Config): readonly [unknown, ReadonlyMap<string, string>] {
  const { pools, ...top } = structuredClone(describeConfig(config)) as Written & { pools: Record<string, Written> };
  const headers = new Map<string, string>();
  for (const [name, pool] of Object.entries(pools)) {
    for (const each of pool['mirrors'] as Written[])
      headers.set(`${name} ${String(each['name'])}`, JSON.stringify([each['requestHeaders'], each['rewrite']]));
    for (const key of ['split', 'affinity', 'overrides', 'mirrors']) delete pool[key];
    for (const version of Object.values(pool['versions'] as Record<string, Written>)) {
      delete version['drain'];
      for (const endpoint of (version['endpoints'] ?? []) as Written[]) delete endpoint['drain'];
    }
  }
  return [{ ...top, pools }, headers];
}

/** Files and sockets that a config names. */
function filesOf({ accessLog, admin, pools }: Config): readonly string[] {
  const versions = pools.flatMap((pool) => pool.versions);
  const addresses = [admin.address, ...versions.flatMap(({ endpoints }) => endpoints.map(({ address }) => address))];
  return [
    accessLog?.path ?? 'stdout',
    ...admin.tokens.flatMap(({ source }) => (source.kind === 'file' ? [source.name] : [])),
    ...versions.flatMap(({ endpointsFile }) => endpointsFile ?? []),
    ...addresses.flatMap((address) => (address.kind === 'unix' ? [address.path] : [])),
  ];
}

const NO_HEADERS = JSON.stringify([{ set: {}, add: {}, remove: [] }, {}]);

it('no caller changes a field above its role', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(document, fc.array(step, { minLength: 1, maxLength: 10 }), async (text, steps) => {
      const { controller } = await open();
      const read = readFiles([{ file: '/etc/sluice.yaml', text }]);
      expect(await controller.apply(() => ({ read }), 'start')).toMatchObject({ result: 'applied' });
      const [, ofFile] = aboveOperators(controller.config!);
      const named = new Set(['stdout', ...filesOf(controller.config!)]);
      for (const { change: asked, role, dryRun } of steps) {
        const before = controller.config!;
        const outcome = (await controller.submit({
          kind: 'amend',
          cause: 'api',
          author: 'x',
          reason: '',
          expected: undefined,
          ...{ change: asked, role, dryRun },
        })) as AmendOutcome & { after?: Config };
        const after = outcome.after ?? controller.config!;
        if (!['applied', 'dry-run'].includes(outcome.result)) expect(after).toEqual(before);
        // Nobody: the file alone.
        expect(after.state).toEqual(before.state);
        expect(filesOf(after).filter((name) => !named.has(name))).toEqual([]);
        if (before.admin.tokens.length > 0) expect(after.admin.tokens).not.toEqual([]);
        if (asked.kind === 'restore') expect(after.admin).toEqual(before.admin);
        if (role === 'admin') continue;
        const [[was, sent], [is, sends]] = [aboveOperators(before), aboveOperators(after)];
        expect(is).toEqual(was);
        for (const [name, headers] of sends)
          expect([NO_HEADERS, sent.get(name), ofFile.get(name)].filter((each) => each !== undefined)).toContain(headers);
        if (role === 'viewer') expect(after).toEqual(before);
      }
    }),
    { numRuns: 150 },
  );
});
