// The deadline of a drain cuts what is under way, not what is complete; and a connection that was never made is a connection that failed.

import { OutgoingRequest } from '../../src/http/request.ts';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Deadlines } from '../../src/lib/deadlines.ts';
import { Introduction } from '../../src/upstream/introduction.ts';
import { Http1Connection } from '../../src/upstream/protocol/http1-connection.ts';
import type { StreamRequest } from '../../src/upstream/stream-request.ts';
import type { Endpoint } from '../../src/upstream/endpoint.ts';
import { startBlackhole } from '../flow/scaffold/blackhole.ts';
import { connectTo, post } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { closeAll, open } from '../flow/scaffold/open.ts';
import { configFor, startSluice } from '../flow/scaffold/sluice.ts';
import { responding, ok, startUpstream } from '../flow/scaffold/upstream.ts';

afterEach(closeAll);

test('a response that has been read to its end is not failed while the client still takes it', async () => {
  const server = createServer((socket) => socket.on('error', () => undefined).once('data', () => socket.write(ok())));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open({ close: () => new Promise<void>((resolve) => server.close(() => resolve())) });
  const deadlines = new Deadlines();
  open({ close: () => Promise.resolve(deadlines.close()) });
  const { port } = server.address() as AddressInfo;
  const settings = {
    responseLimits: { headerBytes: 1024, headerCount: 10, requestLineBytes: 100 },
    connectMs: 1000,
    idleMs: 1000,
    streams: 1,
  };
  let closed = 0;
  let free = 0;
  const owner = {
    secure: undefined,
    serverName: undefined,
    proxyProtocol: undefined,
    protocol: 'http1' as const,
    manner: 0,
    deadlines,
    settings,
    onFault: () => undefined,
    onOpened: () => undefined,
    onFree: () => void free++,
    onRetired: () => undefined,
    onClosed: () => void closed++,
    onRawClosed: () => undefined,
  };
  const endpoint = { address: { kind: 'tcp', host: '127.0.0.1', port } } as Endpoint;
  const failures: string[] = [];
  let done = false;
  const sink: StreamRequest = {
    isRaw: false,
    upgrades: false,
    introduction: new Introduction(() => ''),
    onSwitch: () => '',
    onConnecting: () => undefined,
    onConnected: (made) => {
      made.begin(sink, Object.assign(new OutgoingRequest(), { method: 'GET', target: '/' }), 'a', '', undefined);
    },
    onInterim: () => undefined,
    // False: written bytes still lie in the connection's memory.
    onResponse: (_made, _from, _to, whole) => ((done = whole), false),
    onResponseBytes: () => false,
    onUpstreamDrained: () => undefined,
    onUpstreamFailure: (_made, outcome) => void failures.push(outcome.code),
  };
  const connection = new Http1Connection(endpoint, owner, sink);
  await eventually('the response', () => done);
  connection.cut();
  expect(failures).toEqual([]);
  expect(closed).toBe(1);
  connection.release();
  expect([closed, free]).toEqual([1, 0]);
});

test('a POST for which a connection was being made at the deadline goes to another endpoint', async () => {
  const hole = await startBlackhole();
  const well = await startUpstream(responding(({ body }) => ok(`well ${body}`)));
  const config = (drained: string): object => {
    const endpoints = [hole.address, well.address].map((address) => ({ address, drain: address === drained }));
    const pool = { drain: { timeout: '200ms' }, timeouts: { connect: '20s' }, retries: { on: ['connect-failure'] } };
    return configFor({ endpoints: { v1: endpoints }, pool });
  };
  const sluice = await startSluice(config(well.address));
  sluice.expectLog(/cut at the deadline of a drain/);
  const wire = await connectTo(sluice);
  await wire.write(post('/', 'x'));
  await eventually('the attempt', async () => (await sluice.metric('sluice_endpoint_requests_in_flight')) === 1);
  sluice.writeConfig(config(hole.address));
  const response = await wire.readMessage();
  expect([response.status, response.body]).toEqual([200, 'well x']);
});
