// `sluice exchanges` and the impact of a dry run: what is asked, and what a person sees.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runExchanges } from '../../../src/cli/exchanges.ts';
import { runSplit } from '../../../src/cli/split.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';
import { shownExchange } from '../admin/fake-control.ts';
import { FakeAdmin, FakeTerminal, NOW_MS, problem, runAgainst } from './fake-admin.ts';

let admin: FakeAdmin;

beforeEach(async () => {
  admin = new FakeAdmin();
  await admin.listen();
});

afterEach(() => admin.close());

const {
  route: _route,
  pool: _pool,
  version: _version,
  endpoint: _endpoint,
  reason: _reason,
  override: _override,
  ...bare
} = shownExchange();
const UNROUTED = { ...bare, status: 404, outcome: 'no_route', target: `/${'x'.repeat(90)}`, durationMs: 0.04, client: '', attempts: 0 };
const SLOW = { ...shownExchange(), reason: 'weight', override: undefined, status: 503, durationMs: 15_012, atMs: NOW_MS - 5000, cut: true };

function responses(exchanges: readonly object[], responded = 2): void {
  admin.scripted.set('GET /v1/exchanges', { status: 200, body: { workers: { responded, total: 2 }, exchanges } });
}

describe('exchanges', () => {
  test('a table, newest first as they came', async () => {
    responses([SLOW, shownExchange(), UNROUTED]);
    expect(await runAgainst(admin.url, {}, (call) => runExchanges(call, undefined, undefined))).toEqual({
      code: 0,
      stdout: `TIME                 METHOD  TARGET                                                        STATUS  OUTCOME   VERSION  REASON       DURATION
2026-01-31 02:59:55  GET     shop.example.com/cart?token=***                                  503  ok        shop/v2  weight        15.01 s
2023-11-14 22:13:20  GET     shop.example.com/cart?token=***                                  200  ok        shop/v2  override qa     12 ms
2023-11-14 22:13:20  GET     shop.example.com/${'x'.repeat(42)}…     404  no_route  -        -              0.0 ms
`,
      stderr: '',
    });
    expect(admin.asked.map(({ url }) => url)).toEqual(['/v1/exchanges']);
  });

  test('a connection beside requests, and in full', async () => {
    const passed = {
      ...shownExchange(),
      ...{ protocol: 'tcp', serverName: 'db.test', method: '', authority: '', target: '', fields: [], status: 0 },
    };
    responses([passed, { ...passed, serverName: undefined, outcome: 'connect_refused' }]);
    const { stdout } = await runAgainst(admin.url, {}, (call) => runExchanges(call, undefined, undefined));
    expect(stdout.split('\n').slice(1, 3)).toEqual([
      '2023-11-14 22:13:20  tcp     db.test       -  ok               shop/v2  override qa     12 ms',
      '2023-11-14 22:13:20  tcp     -             -  connect_refused  shop/v2  override qa     12 ms',
    ]);
    responses([passed]);
    const one = await runAgainst(admin.url, { id: 'x' }, (call) => runExchanges(call, undefined, undefined));
    expect(one.stdout).toContain('tcp db.test');
    expect(one.stdout).not.toContain('status');
  });

  test('asks for what is named; JSON as it came', async () => {
    responses([shownExchange()]);
    const options = { route: 'r', outcome: 'ok', status: 200, limit: 5, json: true };
    const { stdout } = await runAgainst(admin.url, options, (call) => runExchanges(call, 'shop', 'v&2'));
    expect(admin.asked.map(({ url }) => url)).toEqual(['/v1/exchanges?pool=shop&version=v%262&route=r&outcome=ok&status=200&limit=5']);
    expect(JSON.parse(stdout)).toMatchObject({ exchanges: [{ version: 'v2' }] });
  });

  test('one in full', async () => {
    responses([
      {
        ...shownExchange(),
        fields: [
          { name: 'Cookie', value: '***' },
          { name: 'x-evil', value: '\u001b[2J' },
        ],
      },
    ]);
    const { stdout } = await runAgainst(admin.url, { id: 'abcdef0123451' }, (call) => runExchanges(call, undefined, undefined));
    expect(stdout).toBe(`time          2023-11-14 22:13:20 UTC
request       GET shop.example.com/cart?token=***
request id    abcdef0123451
client        127.0.0.1 on listener web
route         shop
version       shop/v2
endpoint      127.0.0.1:9002
reason        override qa
affinity key  the request brought one
outcome       ok, status 200, 1 attempt
duration      12 ms, first byte after 11 ms
bytes         0 in, 1234 out
fields
  Cookie: ***
  x-evil: \\u001b[2J
`);
    responses([UNROUTED]);
    const other = await runAgainst(admin.url, { id: 'x' }, (call) => runExchanges(call, undefined, undefined));
    expect(other.stdout).toContain('client        - on listener web\nroute         -\nversion       -\n');
  });

  test('none, and a worker that said nothing', async () => {
    responses([], 1);
    expect((await runAgainst(admin.url, {}, (call) => runExchanges(call, undefined, undefined))).stdout).toBe(
      'No such exchange is on record. It is a sample: under load most requests are not in it.\n' +
        '1 of 2 workers responded: what the others served is missing\n',
    );
    admin.scripted.set('GET /v1/exchanges', { status: 200, body: { hello: 'world' } });
    expect(await runAgainst(admin.url, {}, (call) => runExchanges(call, undefined, undefined))).toMatchObject({ code: 1 });
  });

  test('--watch prints when there are others', async () => {
    const terminal = new FakeTerminal();
    const clock = new ManualClock();
    terminal.clock = clock;
    responses([shownExchange()]);
    const watching = runAgainst(admin.url, { watch: true }, (call) => runExchanges(call, 'shop', undefined), terminal);
    const looks = async (number: number): Promise<void> => {
      await expect.poll(() => admin.asked.length).toBe(number);
      await expect.poll(() => clock.pending).toBe(1);
    };
    await looks(1);
    clock.advance(1000);
    await looks(2);
    responses([SLOW, shownExchange()]);
    clock.advance(1000);
    await looks(3);
    admin.scripted.set('GET /v1/exchanges', problem(403, 'role'));
    clock.advance(1000);
    expect((await watching).stdout.match(/^TIME/gm)).toHaveLength(2);
  });
});

describe('the impact of a dry run', () => {
  const dryRun = async (impact: object | undefined): Promise<string> => {
    const differences = [{ path: 'pools.shop.split.v1', before: '90', after: '100' }];
    admin.scripted.set('PUT /v1/pools/shop/split', { status: 200, body: { revision: 4, dryRun: true, differences, impact } });
    return (await runAgainst(admin.url, { dryRun: true }, (call) => runSplit(call, 'shop', ['v1=100', 'v2=0']))).stdout;
  };
  const head = 'would change, over revision 4; nothing was done:\n  pools.shop.split.v1  90 -> 100\n';
  const tail = 'shop: v1 100 %\n';

  test('in words', async () => {
    const pools = [{ pool: 'shop', users: 0.1 }];
    expect(await dryRun({ pools, requests: { compared: 812, otherwise: 81.2, share: 0.1 } })).toBe(
      `${head}  another version would get 10 % of the users of shop\n` +
        `  another version would get 81.2 of the last 812 recorded requests (10 %)\n${tail}`,
    );
    expect(await dryRun({ pools, requests: { compared: 0, otherwise: 0 } })).toBe(
      `${head}  another version would get 10 % of the users of shop\n  no request is on record to compare with\n${tail}`,
    );
  });

  test('none', async () => {
    expect(await dryRun({ pools: [], requests: { compared: 1, otherwise: 0, share: 0 } })).toBe(
      `${head}  every user would keep the present version\n${tail}`,
    );
  });

  test('of a server that says nothing of it', async () => {
    expect(await dryRun(undefined)).toBe(head + tail);
  });
});
