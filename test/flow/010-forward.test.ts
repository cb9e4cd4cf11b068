// The plainest exchange: a request reaches the upstream, its answer comes back.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, connectTo, get } from './scaffold/client.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { answering, ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';

let upstream: Upstream;
let sluice: Sluice;

beforeAll(async () => {
  upstream = await startUpstream(answering((request) => ok(`${request.line}|${request.body}`, 'x-version: v1')));
  sluice = await startSluice(configFor(upstream));
});
afterAll(closeAll);

test('forwards a GET and its answer', async () => {
  const answer = await ask(sluice, get('/a?b=c'));
  expect(answer.head).toBe('HTTP/1.1 200 OK\r\nx-version: v1\r\ncontent-length: 21\r\n\r\n');
  expect(answer.body).toBe('GET /a?b=c HTTP/1.1|');
});
