// Calls of gRPC between its own client and its own server, which speak HTTP/2 as they like; Sluice speaks it on both sides.

import { Client, Metadata, Server, ServerCredentials, credentials, status } from '@grpc/grpc-js';
import type { MethodDefinition, ServiceError } from '@grpc/grpc-js';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { closeAll, open } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

const asBytes = (text: string): Buffer => Buffer.from(text);
const asText = (bytes: Buffer): string => bytes.toString();

function method(name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<string, string> {
  const path = `/shop.Carts/${name}`;
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: asBytes,
    requestDeserialize: asText,
    responseSerialize: asBytes,
    responseDeserialize: asText,
  };
}

const SERVICE = {
  echo: method('Echo', false, false),
  count: method('Count', false, true),
  join: method('Join', true, false),
  chat: method('Chat', true, true),
};

let cancelled = 0;
const log = makeFolder().file('access.log');
let sluice: Sluice;
let client: Client;

async function startCarts(): Promise<string> {
  const server = new Server();
  server.addService(SERVICE, {
    echo: (
      call: { request: string; metadata: Metadata; on: (name: string, listener: () => void) => void },
      respond: (error: object | null, text?: string, trailer?: Metadata) => void,
    ) => {
      call.on('cancelled', () => cancelled++);
      if (call.request === 'hang') return;
      if (call.request === 'fail') return respond({ code: status.FAILED_PRECONDITION, details: 'the cart is 100 % gone: ✗' });
      const trailer = new Metadata();
      trailer.set('x-seen', call.metadata.get('x-user').join());
      respond(null, call.request, trailer);
    },
    count: (call: { request: string; write: (text: string) => void; end: () => void }) => {
      for (let at = 0; at < Number(call.request); at++) call.write(`${at}:${'x'.repeat(10_000)}`);
      call.end();
    },
    join: (call: AsyncIterable<string>, respond: (error: null, text: string) => void) => {
      void (async () => {
        const all: string[] = [];
        for await (const text of call) all.push(text);
        respond(null, all.join('+'));
      })();
    },
    chat: (call: { on: (name: string, listener: (text: string) => void) => void; write: (text: string) => void; end: () => void }) => {
      call.on('data', (text) => call.write(`re: ${text}`));
      call.on('end', () => {
        call.write('bye');
        call.end();
      });
    },
  } as never);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  open({ close: () => Promise.resolve(server.forceShutdown()) });
  return `127.0.0.1:${port}`;
}

beforeAll(async () => {
  const pool = { versions: { v1: { endpoints: [await startCarts()], protocol: 'http2' } } };
  sluice = await startSluice(configFor({ pool, top: { accessLog: { path: log } } }));
  client = new Client(`127.0.0.1:${sluice.port}`, credentials.createInsecure());
  open({ close: () => Promise.resolve(client.close()) });
});
afterAll(closeAll);

interface Answer {
  readonly error: ServiceError | null;
  readonly text: string | undefined;
  readonly seen: string;
}

function echo(text: string, deadlineMs = 10_000): Promise<Answer> {
  return new Promise((resolve) => {
    const metadata = new Metadata();
    metadata.set('x-user', 'ann');
    let done: Omit<Answer, 'seen'> = { error: null, text: undefined };
    const call = client.makeUnaryRequest(
      SERVICE.echo.path,
      asBytes,
      asText,
      text,
      metadata,
      { deadline: Date.now() + deadlineMs },
      (error, got) => {
        done = { error, text: got };
      },
    );
    call.on('status', ({ metadata: trailer }) => setImmediate(() => resolve({ ...done, seen: trailer.get('x-seen').join() })));
  });
}

test('unary: message, metadata and trailers', async () => {
  const large = 'y'.repeat(300_000);
  expect(await echo('hello')).toEqual({ error: null, text: 'hello', seen: 'ann' });
  expect((await echo(large)).text).toBe(large);
  expect(await Promise.all(Array.from({ length: 50 }, async (_, at) => (await echo(`${at}`)).text))).toEqual(
    Array.from({ length: 50 }, (_, at) => `${at}`),
  );
});

test('a status of the application comes as it was sent', async () => {
  const { error } = await echo('fail');
  expect([error?.code, error?.details]).toEqual([status.FAILED_PRECONDITION, 'the cart is 100 % gone: ✗']);
});

test('streams of the server, of the client, and of both, which end each by itself', async () => {
  const counted: string[] = [];
  for await (const text of client.makeServerStreamRequest(SERVICE.count.path, asBytes, asText, '40') as AsyncIterable<string>)
    counted.push(text);
  expect(counted.map((text) => [Number.parseInt(text, 10), text.length > 10_000])).toEqual(
    Array.from({ length: 40 }, (_, at) => [at, true]),
  );
  const joined = new Promise((resolve, reject) => {
    const call = client.makeClientStreamRequest(SERVICE.join.path, asBytes, asText, (error, text) =>
      error === null ? resolve(text) : reject(error),
    );
    for (const text of ['a', 'b', 'c']) call.write(text);
    call.end();
  });
  expect(await joined).toBe('a+b+c');
  const chat = client.makeBidiStreamRequest(SERVICE.chat.path, asBytes, asText);
  const heard: string[] = [];
  const ended = new Promise((resolve) => chat.on('data', (text: string) => heard.push(text)).on('status', resolve));
  for (const text of ['one', 'two']) {
    chat.write(text);
    await eventually(text, () => heard.includes(`re: ${text}`));
  }
  chat.end();
  expect([await ended, heard]).toEqual([expect.objectContaining({ code: status.OK }), ['re: one', 're: two', 'bye']]);
});

test('a deadline ends the call on both sides', async () => {
  const before = cancelled;
  const { error } = await echo('hang', 300);
  expect(error?.code).toBe(status.DEADLINE_EXCEEDED);
  await eventually('the server hears of it', () => cancelled > before);
});

test('the access log names the protocol', async () => {
  await eventually('lines', () => readFileSync(log, 'utf8').includes('"target":"/shop.Carts/Chat"'));
  expect(readFileSync(log, 'utf8')).toMatch(/"target":"\/shop\.Carts\/Echo".*"protocol":"HTTP\/2"/);
});

test('without a server the call fails as unavailable', async () => {
  const dead = await startSluice(configFor({ endpoints: ['127.0.0.1:1'], pool: { retries: { attempts: 0 } } }));
  const lost = new Client(`127.0.0.1:${dead.port}`, credentials.createInsecure());
  open({ close: () => Promise.resolve(lost.close()) });
  const error = await new Promise<ServiceError | null>((resolve) => {
    lost.makeUnaryRequest(SERVICE.echo.path, asBytes, asText, 'x', (failed) => resolve(failed));
  });
  expect([error?.code, error?.details]).toEqual([status.UNAVAILABLE, 'The upstream refused the connection.']);
});
