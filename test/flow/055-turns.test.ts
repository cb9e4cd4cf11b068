// One client that sends many requests at once, to which Sluice responds itself: it has its turns, and the others have theirs in between.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, responding, startUpstream } from './scaffold/upstream.ts';
import type { Wire } from './scaffold/wire.ts';

const REDIRECT_BYTES = 'HTTP/1.1 302 Found\r\nlocation: http://b.example/r\r\ncontent-length: 0\r\n\r\n'.length;

let sluice: Sluice;

beforeAll(async () => {
  const upstream = await startUpstream(responding(() => ok('yes')));
  const local = [
    { name: 'redirect', match: [{ path: { prefix: '/r' } }], redirect: { host: 'b.example', status: 302 } },
    { name: 'dead', match: [{ path: { prefix: '/dead' } }], pool: 'dead' },
  ];
  const config = configFor({ endpoints: [upstream.address], routes: local }) as { pools: object };
  const dead = { versions: { v1: { endpoints: ['127.0.0.1:1'] } }, health: { interval: '10s', unhealthyAfter: 1 } };
  sluice = await startSluice({ ...config, pools: { ...config.pools, dead } });
  sluice.expectLog(/unhealthy/);
  await eventually('no endpoint', async () => (await sluice.metric('sluice_endpoint_ready', { pool: 'dead' })) === 0);
});
afterAll(closeAll);

/**
 * How many bytes of the responses to the row of `many` are there when the other client, who asked after it, has its response. Both have sent
 * everything before it is looked at.
 */
async function bytesBefore(many: Wire, row: string, other: Wire): Promise<number> {
  sluice.signal('SIGSTOP');
  await many.write(row);
  await other.write(get('/'));
  sluice.signal('SIGCONT');
  await other.readMessage();
  return many.total;
}

test.each([
  ['redirects', '/r'],
  ['failures', '/dead'],
])('who asks for an upstream does not wait until a long row of %s of another is done', async (_what, rowPath) => {
  const count = 1_500;
  const other = await connectTo(sluice);
  const bytes: number[] = [];
  // On a busy machine much of a row may be there before anybody looks, now and then; where the row comes first it always is.
  for (let round = 0; round < 9; round++) {
    const many = await connectTo(sluice);
    bytes.push(await bytesBefore(many, get(rowPath).repeat(count), other));
    many.destroy();
  }
  const [, , , , median] = bytes.sort((one, two) => one - two);
  expect(median).toBeLessThan((count * REDIRECT_BYTES) / 2);
  other.destroy();
});

test('rows of many clients are all served, in order and whole', async () => {
  const wires = await Promise.all(Array.from({ length: 30 }, () => connectTo(sluice)));
  const row = Array.from({ length: 200 }, (_, i) => get(i % 50 === 7 ? `/${i}` : `/r/${i}`)).join('');
  await Promise.all(wires.map((wire) => wire.write(row)));
  for (const wire of wires) {
    for (let i = 0; i < 200; i++) {
      const response = await wire.readMessage();
      if (i % 50 === 7) expect(response.body).toBe('yes');
      else expect(response.field('location')).toContain(`/r/${i}`);
    }
    wire.destroy();
  }
});

test('a row whose client ends its side, or asks to close, is served to its end', async () => {
  const wire = await connectTo(sluice);
  await wire.write(get('/r/1').repeat(1000));
  wire.end();
  for (let i = 0; i < 1000; i++) expect((await wire.readMessage()).status).toBe(302);
  expect(await wire.readRest()).toBe('');
  const closing = await connectTo(sluice);
  await closing.write(get('/r/1').repeat(999) + get('/r/2', 'connection: close') + get('/r/3'));
  for (let i = 0; i < 999; i++) expect((await closing.readMessage()).status).toBe(302);
  expect((await closing.readMessage()).field('connection')).toBe('close');
  expect(await closing.readRest()).toBe('');
});

test('leaves nothing behind', async () => {
  await sluice.untilQuiet();
  expect(await sluice.counted('sluice_internal_errors_total')).toBe(0);
});
