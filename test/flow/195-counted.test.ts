// How exchanges that end early, and heads that come in pieces, are counted.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { scripted, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';

let upstream: Upstream;
let sluice: Sluice;

beforeAll(async () => {
  upstream = await startUpstream(
    scripted(() => async (wire) => {
      await wire.readHead();
      await wire.closed;
    }),
  );
  sluice = await startSluice(configFor(upstream));
});
afterAll(closeAll);

test('a client that goes away before the response counts as 499', async () => {
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  await eventually('the upstream has the request', () => upstream.bytes > 0);
  wire.reset();
  await eventually('it is counted', async () => (await sluice.metric('sluice_requests_total', { status: '499' })) === 1);
  expect(await sluice.metric('sluice_requests_total', { status: 'other' })).toBe(0);
});

test.each([
  ['a bare LF', ['GET / HTTP/1.1\r\nHost: a.exa', 'mple\nx: y\r\n']],
  ['a folded line', ['GET / HTTP/1.1\r\n', 'Host: a.example\r\n folded']],
  ['a space before the colon', ['GET / HTTP/1.1\r\nHost', ' : a.example\r\n']],
])('%s is refused at once, also in a head that comes in pieces', async (_name, pieces) => {
  const bytes = upstream.bytes;
  const wire = await connectTo(sluice);
  for (const piece of pieces) {
    await wire.write(piece);
    await sluice.turn();
  }
  expect(await wire.readHead()).toMatch(/^HTTP\/1\.1 400 /);
  expect(upstream.bytes).toBe(bytes);
});
