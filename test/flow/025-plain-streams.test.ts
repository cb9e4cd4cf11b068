// On a Node whose private parts have changed plain events serve: the same bytes, the same ends, the same back-pressure.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectTo, get, post, requestText } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, scripted, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';
import type { Wire } from './scaffold/wire.ts';

const MIB = 1024 * 1024;
const BODY = randomBytes(8 * MIB);
const DIGEST = createHash('sha256').update(BODY).digest('hex');

let seen: string;
let upstream: Upstream;
let sluice: Sluice;
let script: (wire: Wire) => Promise<void>;

beforeAll(async () => {
  seen = makeFolder().file('plain-streams');
  upstream = await startUpstream(scripted(() => script));
  const nodeArguments = ['--import', './test/flow/scaffold/plain-streams.ts'];
  sluice = await startSluice(configFor(upstream), { nodeArguments, env: { PLAIN_STREAMS: seen } });
});
afterAll(closeAll);

test('the worker is one that avoids the private parts', () => {
  expect(readFileSync(seen, 'utf8')).toMatch(/^thread [1-9]/m);
});

test('requests on one kept connection, to one kept upstream connection', async () => {
  script = async (wire) => {
    const { line, body } = await wire.readMessage();
    await wire.write(ok(`${line}|${body}`));
  };
  const wire = await connectTo(sluice);
  await wire.write(get('/1') + post('/2', 'two') + get('/3'));
  for (const expected of ['GET /1 HTTP/1.1|', 'POST /2 HTTP/1.1|two', 'GET /3 HTTP/1.1|']) {
    expect((await wire.readMessage()).body).toBe(expected);
  }
  expect(upstream.wires).toHaveLength(1);
  wire.destroy();
});

test('8 MiB down to a slow reader', async () => {
  script = async (wire) => {
    await wire.readMessage();
    await wire.write(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${BODY.length}\r\n\r\n`), BODY]));
  };
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  await wire.readHead();
  wire.pause();
  await new Promise((resolve) => void setTimeout(resolve, 100));
  wire.resume();
  expect(await wire.digest(BODY.length)).toBe(DIGEST);
  wire.destroy();
});

test('8 MiB up to a slow reader', async () => {
  let digest = '';
  script = async (wire) => {
    await wire.readHead();
    wire.pause();
    await new Promise((resolve) => void setTimeout(resolve, 100));
    wire.resume();
    digest = await wire.digest(BODY.length);
    await wire.write(ok('done'));
  };
  const wire = await connectTo(sluice);
  await wire.write(requestText('POST', '/', [`content-length: ${BODY.length}`]));
  await wire.write(BODY);
  expect((await wire.readMessage()).body).toBe('done');
  expect(digest).toBe(DIGEST);
  wire.destroy();
});

test('a response without a length, and one to a client that has ended its side', async () => {
  script = async (wire) => {
    await wire.readMessage();
    await wire.write('HTTP/1.1 200 OK\r\n\r\nuntil the end');
    wire.end();
  };
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  wire.end();
  expect(await wire.readRest()).toContain('\r\n\r\nuntil the end');
});

test('an upstream that refuses an upload and closes: its response gets through', async () => {
  script = async (wire) => {
    await wire.readHead();
    wire.pause();
    await wire.write('HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno');
    wire.destroy();
  };
  const wire = await connectTo(sluice);
  await wire.write(requestText('POST', '/', [`content-length: ${4 * MIB}`]));
  const sending = wire.write('x'.repeat(4 * MIB)).catch(() => undefined);
  expect((await wire.readMessage()).status).toBe(413);
  wire.destroy();
  await sending;
});

test('a client that goes ends the work of the upstream', async () => {
  let ended = false;
  script = async (wire) => {
    await wire.readMessage();
    await wire.closed;
    ended = true;
  };
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  await eventually('the request', async () => (await sluice.metric('sluice_endpoint_requests_in_flight')) === 1);
  wire.destroy();
  await eventually('the end at the upstream', () => ended);
});

test('leaves nothing in flight', () => sluice.untilQuiet());
