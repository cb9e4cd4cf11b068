// Copies of requests for shadows: what arrives, how much of it, and what ends them. That they cannot hurt is in faults/CF-38-CF-40.

import { createHash, randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ask, connectTo, get, post } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { makeMemoryUse } from './scaffold/memory-use.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';
import type { Message } from './scaffold/wire.ts';

vi.setConfig({ testTimeout: 30_000 });
afterEach(closeAll);

interface Recorded {
  readonly upstream: Upstream;
  readonly requests: Message[];
}

async function startRecorder(body = 'shadow'): Promise<Recorded> {
  const requests: Message[] = [];
  const upstream = await startUpstream(
    responding((request) => {
      requests.push(request);
      return ok(body);
    }),
  );
  return { upstream, requests };
}

/** Pool `shop` with v1 for all requests, and v2 for copies alone. */
function mirrored(primary: Upstream, shadow: Upstream, mirror: object, pool: object = {}, listener: object = {}): object {
  const mirrors = [{ name: 'dark', version: 'v2', ...mirror }];
  const endpoints = { v1: [primary.address], v2: [shadow.address] };
  return configFor({ endpoints, pool: { split: { v1: 1, v2: 0 }, mirrors, ...pool }, listener });
}

async function startBoth(mirror: object = {}, pool: object = {}, workers = 2) {
  const primary = await startRecorder('primary');
  const shadow = await startRecorder();
  const sluice = await startSluice(mirrored(primary.upstream, shadow.upstream, mirror, pool), { workers });
  return { primary, shadow, sluice };
}

/** Waits until that many copies have ended like this. */
async function untilMirrored(sluice: Sluice, outcome: string, count: number): Promise<void> {
  let seen = 0;
  const look = async (): Promise<boolean> => (seen = await sluice.metric('sluice_mirrored_total', { outcome })) >= count;
  await eventually(`${count} copies that ended with ${outcome}`, look).catch(async (error: unknown) => {
    throw new Error(`${seen} of them`, { cause: error });
  });
  expect(await sluice.metric('sluice_mirrored_total', { outcome })).toBe(count);
}

const count = (sluice: Sluice): Promise<number> => sluice.metric('sluice_mirrored_total');

describe('what arrives', () => {
  test('a copy has the head that the primary gets, and says whose it is', async () => {
    const { primary, shadow, sluice } = await startBoth();
    const trace = 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect((await ask(sluice, get('/a?b=c', 'X-Odd:  v ', trace))).body).toBe('primary');
    await untilMirrored(sluice, 'ok', 1);
    const [sent, copied] = [primary.requests[0]!, shadow.requests[0]!];
    expect(copied.line).toBe('GET /a?b=c HTTP/1.1');
    expect(copied.field('host')).toBe('a.example');
    expect(copied.field('x-request-id')).toBe(sent.field('x-request-id'));
    expect(copied.fields.filter((line) => line !== 'x-sluice-shadow: dark')).toEqual(sent.fields);
    expect(copied.field('x-sluice-shadow')).toBe('dark');
    expect(sent.field('x-sluice-shadow')).toBeUndefined();
    expect(await sluice.metric('sluice_requests_total', { version: 'v2' })).toBe(0);
    expect(await sluice.metric('sluice_attempts_total', { version: 'v2' })).toBe(0);
    expect(await sluice.metric('sluice_mirrored_total', { pool: 'shop', mirror: 'dark', version: 'v2', outcome: 'ok' })).toBe(1);
  });

  test('headers and host of the copy can be changed', async () => {
    const requestHeaders = { set: { 'x-stage': 'dark' }, add: { 'x-b': '2' }, remove: ['cookie'] };
    const { primary, shadow, sluice } = await startBoth({ requestHeaders, rewrite: { host: 'shadow.internal:81' }, sideEffects: 'allow' });
    await ask(sluice, post('/a', 'hello', 'x-stage: live', 'x-b: 1', 'cookie: a=b'));
    await untilMirrored(sluice, 'ok', 1);
    const copied = shadow.requests[0]!;
    expect(copied.fields.filter((line) => /^(host|x-stage|x-b|cookie)/i.test(line))).toEqual([
      'host: shadow.internal:81',
      'x-b: 1',
      'x-stage: dark',
      'x-b: 2',
    ]);
    expect(copied.body).toBe('hello');
    expect(primary.requests[0]!.field('cookie')).toBe('a=b');
    expect(primary.requests[0]!.field('host')).toBe('a.example');
  });

  test('small and chunked bodies, in one piece and in many', async () => {
    const { primary, shadow, sluice } = await startBoth({ sideEffects: 'allow' });
    await ask(sluice, post('/small', 'x'.repeat(9_000)));
    const chunked = 'POST /chunks HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n';
    await ask(sluice, `${chunked}5\r\nhello\r\n0\r\n\r\n`);
    const wire = await connectTo(sluice);
    await wire.write(chunked);
    for (const piece of ['3\r\nab', 'c\r\n', '2;x=y\r\nde\r\n', '0\r\n', 'x-end: 1\r\n\r\n']) {
      await primary.upstream.wire(0);
      await wire.write(piece);
    }
    expect((await wire.readMessage()).status).toBe(200);
    await untilMirrored(sluice, 'ok', 3);
    const bodies = ({ requests }: Recorded): string[] => requests.map(({ line, body }) => `${line} ${body}`).sort();
    expect(bodies(shadow)).toEqual(bodies(primary));
    expect(bodies(shadow)[0]).toBe('POST /chunks HTTP/1.1 abcde');
  });

  test('an upload of 20 MiB streams to both', async () => {
    const [primary, shadow] = [await startCounting(), await startCounting()];
    const mirror = { sideEffects: 'allow', limits: { lag: '32MiB' } };
    const sluice = await startSluice(mirrored(primary.upstream, shadow.upstream, mirror), { workers: 2 });
    const body = randomBytes(20 * 1024 * 1024);
    const digest = createHash('sha256').update(body).digest('hex');
    const wire = await connectTo(sluice);
    await wire.write(`POST /up HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n`);
    await wire.write(body);
    expect((await wire.readMessage()).body).toBe(digest);
    await untilMirrored(sluice, 'ok', 1);
    expect(shadow.digests).toEqual([digest]);
    expect(await sluice.metric('sluice_mirror_waiting_bytes')).toBe(0);
  });
});

/** Responds to each upload with the digest of its body. */
async function startCounting(): Promise<{ readonly upstream: Upstream; readonly digests: string[] }> {
  const digests: string[] = [];
  const upstream = await startUpstream(async (wire) => {
    for (;;) {
      const head = await wire.readHead();
      const digest = await wire.digest(Number(/content-length: (\d+)/i.exec(head)?.[1]));
      digests.push(digest);
      await wire.write(ok(digest));
    }
  });
  return { upstream, digests };
}

test('the mark of a copy is believed only from a trusted proxy; a marked request from any sender is not copied', async () => {
  const { primary, shadow, sluice } = await startBoth({}, {}, 1);
  const marked = get('/marked', 'X-Sluice-Shadow: forged', 'x_sluice_shadow: forged', 'x-kept: 1');
  expect((await ask(sluice, marked)).body).toBe('primary');
  sluice.writeConfig(mirrored(primary.upstream, shadow.upstream, {}, {}, { trustedProxies: ['127.0.0.0/8'] }));
  await eventually('trust', async () => {
    await ask(sluice, marked);
    return primary.requests.at(-1)!.field('x-sluice-shadow') === 'forged';
  });
  await ask(sluice, get('/plain'));
  await untilMirrored(sluice, 'ok', 1);
  expect(shadow.requests.map(({ line }) => line)).toEqual(['GET /plain HTTP/1.1']);
  expect(primary.requests[0]!.fields.filter((line) => /shadow|kept/i.test(line))).toEqual(['x-kept: 1']);
});

describe('which requests', () => {
  test('by percentage, over all workers', async () => {
    const { sluice } = await startBoth({ percent: 25 });
    for (let n = 0; n < 10; n++) {
      const wire = await connectTo(sluice);
      for (let m = 0; m < 40; m++) {
        await wire.write(get());
        await wire.readMessage();
      }
    }
    await eventually('all copies', async () => (await sluice.metric('sluice_mirror_in_flight')) === 0 && (await count(sluice)) >= 90);
    // The sequence of each worker is off by 3 at most.
    expect(Math.abs((await count(sluice)) - 100)).toBeLessThanOrEqual(6);
  });

  test('all of a user or none, and as many users as the percentage says', async () => {
    const { shadow, sluice } = await startBoth({ percent: 30 }, { affinity: { header: 'x-user' } });
    const wire = await connectTo(sluice);
    for (let round = 0; round < 3; round++) {
      for (let user = 0; user < 100; user++) {
        await wire.write(get('/', `x-user: u${user}`));
        await wire.readMessage();
      }
    }
    await wire.close();
    await sluice.untilQuiet();
    const seen = Map.groupBy(shadow.requests, (request) => request.field('x-user'));
    expect([...seen.values()].every((requests) => requests.length === 3)).toBe(true);
    // 6 sigma of 100 users at 30 %.
    expect(Math.abs(seen.size - 30)).toBeLessThanOrEqual(28);
    expect(seen.size).toBeGreaterThan(0);
  });

  test('sample: request does not look at users', async () => {
    const { shadow, sluice } = await startBoth({ fraction: '1/2', sample: 'request' }, { affinity: { header: 'x-user' } }, 1);
    const wire = await connectTo(sluice);
    for (let n = 0; n < 20; n++) {
      await wire.write(get('/', 'x-user: same'));
      await wire.readMessage();
    }
    await untilMirrored(sluice, 'ok', shadow.requests.length);
    await eventually('half', () => Math.abs(shadow.requests.length - 10) <= 3);
  });

  test('safe methods alone, unless side effects are allowed', async () => {
    const { shadow, sluice } = await startBoth();
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PURGE']) await ask(sluice, `${method} / HTTP/1.1\r\nhost: a\r\n\r\n`);
    for (const method of ['GET', 'HEAD', 'OPTIONS']) await ask(sluice, `${method} / HTTP/1.1\r\nhost: a\r\n\r\n`);
    await untilMirrored(sluice, 'ok', 3);
    expect(shadow.requests.map(({ line }) => line.split(' ')[0]).sort()).toEqual(['GET', 'HEAD', 'OPTIONS']);
  });

  test('by method, path and header', async () => {
    const match = { methods: ['GET', 'DELETE'], paths: [{ prefix: '/api/' }, { exact: '/b' }], headers: { 'x-t': { regex: '^a' } } };
    const { shadow, sluice } = await startBoth({ match, sideEffects: 'allow' });
    const fits = ['GET /api HTTP/1.1', 'GET //api//x?y HTTP/1.1', 'DELETE /b HTTP/1.1'];
    for (const line of [...fits, 'GET /apis HTTP/1.1', 'GET /b/ HTTP/1.1', 'HEAD /b HTTP/1.1']) {
      await ask(sluice, `${line}\r\nhost: a\r\nX-T: abc\r\n\r\n`);
    }
    await ask(sluice, get('/b'));
    await untilMirrored(sluice, 'ok', 3);
    expect(shadow.requests.map(({ line }) => line).sort()).toEqual(fits.sort());
  });

  test('a copy is not copied again, and a request that the shadow serves itself is not copied to it', async () => {
    const { shadow, sluice } = await startBoth({}, { overrides: [{ name: 'qa', header: { name: 'x-v', value: '2' }, version: 'v2' }] });
    await ask(sluice, get('/loop', 'X-Sluice-Shadow: other'));
    await ask(sluice, get('/own', 'x-v: 2'));
    await ask(sluice, get('/copied'));
    await untilMirrored(sluice, 'ok', 1);
    expect(shadow.requests.map(({ line }) => line).sort()).toEqual(['GET /copied HTTP/1.1', 'GET /own HTTP/1.1']);
    expect(await count(sluice)).toBe(1);
  });

  test('a retry is not copied', async () => {
    let tries = 0;
    const primary = await startUpstream(async (wire) => {
      await wire.readMessage();
      if (tries++ === 0) wire.reset();
      else await wire.write(ok());
    });
    const shadow = await startRecorder();
    const config = mirrored(primary, shadow.upstream, {}, { retries: { attempts: 1, on: ['reset'], budget: '100%' } });
    const sluice = await startSluice(config);
    expect((await ask(sluice, get())).status).toBe(200);
    await untilMirrored(sluice, 'ok', 1);
    expect([tries, shadow.requests.length]).toEqual([2, 1]);
  });

  test('to several shadows, and to another pool as it splits', async () => {
    const [primary, one, two, three] = [await startRecorder(), await startRecorder(), await startRecorder(), await startRecorder()];
    const mirrors = [
      { name: 'all', pool: 'next' },
      { name: 'one', pool: 'next', version: 'b' },
      { name: 'half', version: 'v2', percent: 50 },
    ];
    const base = configFor({
      endpoints: { v1: [primary.upstream.address], v2: [one.upstream.address] },
      pool: { split: { v1: 1, v2: 0 }, mirrors },
    }) as { readonly pools: object };
    const versions = { a: { endpoints: [two.upstream.address] }, b: { endpoints: [three.upstream.address] } };
    const sluice = await startSluice({ ...base, pools: { ...base.pools, next: { versions, split: { a: 3, b: 1 } } } });
    const wire = await connectTo(sluice);
    for (let n = 0; n < 40; n++) {
      await wire.write(get());
      await wire.readMessage();
    }
    const of = (mirror: string, version: string): Promise<number> =>
      sluice.metric('sluice_mirrored_total', { mirror, version, outcome: 'ok' });
    await eventually('all', async () => (await of('all', 'next/a')) + (await of('all', 'next/b')) === 40);
    await eventually('one', async () => (await of('one', 'next/b')) === 40);
    await eventually('half', async () => Math.abs((await of('half', 'v2')) - 20) <= 3);
    expect(Math.abs((await of('all', 'next/a')) - 30)).toBeLessThanOrEqual(3);
    expect(three.requests.filter((request) => request.field('x-sluice-shadow') === 'one')).toHaveLength(40);
  });
});

describe('how copies end', () => {
  test('when memory runs short they go first', async () => {
    const primary = await startRecorder('primary');
    const shadow = await startUpstream(async (wire) => void (await wire.readHead(), wire.pause()));
    const memory = makeMemoryUse(100);
    const parts = mirrored(primary.upstream, shadow, { sideEffects: 'allow', limits: { lag: '64MiB' } });
    const sluice = await startSluice({ ...parts, overload: { memory: '1000MiB' } }, { ...memory.options });
    sluice.expectLog(/memory runs short/);
    const wire = await connectTo(sluice);
    const size = 10 * 1024 * 1024;
    await wire.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${size + 1}\r\n\r\n`);
    await wire.write(Buffer.alloc(size));
    await eventually('bytes that wait', async () => (await sluice.metric('sluice_mirror_waiting_bytes')) > 500_000);
    // What is dropped and collected then must not be enough.
    memory.setMiB(948);
    await untilMirrored(sluice, 'memory', 1);
    expect(await sluice.metric('sluice_mirror_waiting_bytes')).toBe(0);
    await wire.write('x');
    expect((await wire.readMessage()).body).toBe('primary');
    expect((await ask(sluice, get())).body).toBe('primary');
    await untilMirrored(sluice, 'memory', 2);
    memory.setMiB(100);
    await eventually('enough again', async () => (await sluice.metric('sluice_overload_level')) === 0);
    expect((await ask(sluice, get())).body).toBe('primary');
    await eventually('a copy', async () => (await sluice.metric('sluice_mirror_in_flight')) === 1);
  });

  test.each([
    ['cancel', 'aborted'],
    ['finish', 'ok'],
  ])('a client that goes away: onAbort %s', async (onAbort, outcome) => {
    const primary = await startUpstream(async (wire) => void (await wire.readMessage()));
    let respond = (): void => undefined;
    const shadow = await startUpstream(async (wire) => {
      await wire.readMessage();
      await new Promise<void>((resolve) => (respond = resolve));
      await wire.write(ok());
    });
    const sluice = await startSluice(mirrored(primary, shadow, { onAbort }));
    const wire = await connectTo(sluice);
    await wire.write(get());
    await eventually('the copy', () => shadow.bytes > 0 && primary.bytes > 0);
    await wire.close();
    await eventually('the exchange is over', async () => (await sluice.metric('sluice_requests_in_flight')) === 0);
    if (onAbort === 'finish') respond();
    await untilMirrored(sluice, outcome, 1);
    expect(await sluice.metric('sluice_mirror_in_flight')).toBe(0);
    respond();
  });

  test('a copy goes on when the primary has responded; its connection is used again', async () => {
    const primary = await startRecorder('primary');
    const releases: (() => void)[] = [];
    const shadow = await startUpstream(async (wire) => {
      for (;;) {
        await wire.readMessage();
        await new Promise<void>((resolve) => releases.push(resolve));
        await wire.write(ok());
      }
    });
    const sluice = await startSluice(mirrored(primary.upstream, shadow, {}));
    for (let n = 1; n <= 3; n++) {
      expect((await ask(sluice, get())).body).toBe('primary');
      await eventually('the copy', () => releases.length === n);
      expect(await sluice.metric('sluice_mirror_in_flight')).toBe(1);
      releases.at(-1)!();
      await untilMirrored(sluice, 'ok', n);
    }
    expect(shadow.wires).toHaveLength(1);
  });

  test('beyond its limits copies are dropped, after failures in a row they pause', async () => {
    const primary = await startRecorder('primary');
    const shadow = await startUpstream(async (wire) => void (await wire.readMessage()));
    const sluice = await startSluice(mirrored(primary.upstream, shadow, { limits: { connections: 5 }, timeout: '300ms' }));
    for (let n = 0; n < 8; n++) expect((await ask(sluice, get())).body).toBe('primary');
    await untilMirrored(sluice, 'limit', 3);
    await untilMirrored(sluice, 'response_timeout', 5);
    for (let n = 0; n < 4; n++) expect((await ask(sluice, get())).body).toBe('primary');
    await untilMirrored(sluice, 'breaker', 4);
    expect(await sluice.metric('sluice_mirror_connections')).toBe(0);
  });

  test('a mirror that pauses is told, and when it makes copies again', async () => {
    const primary = await startRecorder('primary');
    const gone = await startUpstream(() => undefined);
    await gone.close();
    const sluice = await startSluice(mirrored(primary.upstream, gone, {}));
    const state = async (): Promise<unknown> => {
      const response = await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/pools/shop`);
      return ((await response.json()) as { mirrors: { paused?: boolean }[] }).mirrors[0]!.paused;
    };
    const journal = async (kind: string): Promise<readonly unknown[]> => {
      const response = await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/journal?kind=${kind}`);
      return ((await response.json()) as { lines: { detail: object }[] }).lines.map(({ detail }) => detail);
    };
    expect(await state()).toBeUndefined();
    for (let n = 0; n < 6; n++) expect((await ask(sluice, get())).body).toBe('primary');
    await eventually('the pause', async () => (await sluice.metric('sluice_mirror_paused', { mirror: 'dark' })) === 1);
    expect(await state()).toBe(true);
    await eventually('the event', async () => (await journal('mirror-paused')).length > 0);
    expect(await journal('mirror-paused')).toEqual([{ pool: 'shop', mirror: 'dark', versions: ['v2'] }]);
    await startUpstream(
      responding(() => ok('shadow')),
      { host: '127.0.0.1', port: gone.port },
    );
    const resumed = async (): Promise<boolean> => {
      await ask(sluice, get());
      return (await journal('mirror-resumed')).length > 0;
    };
    await eventually('it copies again', resumed, 20_000);
    expect([await state(), await sluice.metric('sluice_mirror_paused')]).toEqual([undefined, 0]);
    for (const text of ['a mirror pauses: its copies fail', 'a mirror makes copies again'])
      expect(sluice.logs.filter(({ msg }) => msg === text)).toHaveLength(1);
  });

  test('an upload that its client does not finish is no request', async () => {
    const { shadow, sluice } = await startBoth({ sideEffects: 'allow', onAbort: 'finish' });
    const wire = await connectTo(sluice);
    await wire.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc');
    await eventually('the copy', () => shadow.upstream.bytes > 0);
    await wire.close();
    await untilMirrored(sluice, 'incomplete', 1);
    expect(shadow.requests).toEqual([]);
  });
});

test('copies follow the endpoints of their version: what a file says, what probes find, what is drained', async () => {
  const [primary, one, two] = [await startRecorder('primary'), await startRecorder(), await startRecorder()];
  const folder = makeFolder();
  const path = folder.write('v2.json', JSON.stringify([one.upstream.address]));
  const parts = (version: object): object =>
    configFor({
      pool: {
        versions: { v1: { endpoints: [primary.upstream.address] }, v2: { endpointsFile: path, ...version } },
        split: { v1: 1, v2: 0 },
        health: { protocol: 'tcp', interval: '50ms', unhealthyAfter: 1 },
        mirrors: [{ name: 'dark', version: 'v2' }],
      },
    });
  const sluice = await startSluice(parts({}), { workers: 2 });
  const copied = async (what: string, to: Recorded): Promise<void> => {
    await eventually(what, async () => {
      expect((await ask(sluice, get())).body).toBe('primary');
      return to.requests.length > 0;
    });
  };
  await copied('copies for the first', one);
  folder.write('v2.json', JSON.stringify([two.upstream.address]));
  await copied('copies for the second', two);
  sluice.writeConfig(parts({ drain: true }));
  const none = (): Promise<number> => sluice.metric('sluice_mirrored_total', { outcome: 'no_endpoint' });
  const dropped = async (since: number): Promise<boolean> => {
    await ask(sluice, get());
    return (await none()) > since;
  };
  await eventually('none while it is drained', () => dropped(0));
  sluice.writeConfig(parts({}));
  two.requests.length = 0;
  await copied('copies again', two);
  sluice.expectLog(/endpoint is unhealthy|unhealthy/);
  const since = await none();
  await two.upstream.stopListening();
  await eventually('none while it is unhealthy', () => dropped(since));
});

test('reloads add a mirror, move it and take it away, and no request fails', async () => {
  const [primary, one, two] = [await startRecorder('primary'), await startRecorder(), await startRecorder()];
  const parts = (mirrors: readonly object[]): object =>
    configFor({
      endpoints: { v1: [primary.upstream.address], v2: [one.upstream.address], v3: [two.upstream.address] },
      pool: { split: { v1: 1, v2: 0, v3: 0 }, mirrors },
    });
  const sluice = await startSluice(parts([]), { workers: 2 });
  const wire = await connectTo(sluice);
  let asked = 0;
  let going = true;
  const traffic = (async () => {
    while (going) {
      await wire.write(get());
      expect((await wire.readMessage()).body).toBe('primary');
      asked++;
    }
  })();
  sluice.writeConfig(parts([{ name: 'dark', version: 'v2' }]));
  await eventually('copies for v2', () => one.requests.length > 20);
  sluice.writeConfig(parts([{ name: 'dark', version: 'v3' }]));
  await eventually('copies for v3', () => two.requests.length > 20);
  const seen = one.requests.length;
  sluice.writeConfig(parts([]));
  await eventually('no more metrics of mirrors', async () => (await count(sluice)) === 0);
  await eventually('no more connections', () => one.upstream.open === 0 && two.upstream.open === 0);
  const before = two.requests.length;
  const more = asked + 20;
  await eventually('more requests', () => asked > more);
  going = false;
  await traffic;
  expect([one.requests.length, two.requests.length]).toEqual([seen, before]);
});
