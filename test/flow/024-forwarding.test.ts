// Fields by which proxies tell who asked: what a route says about them is final, and what a trusted peer says is understood.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, get } from './scaffold/client.ts';
import { makeFolder } from './scaffold/folder.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, responding, startUpstream } from './scaffold/upstream.ts';
import type { Message } from './scaffold/wire.ts';

let sluice: Sluice;
let seen: Message;

const CHANGES = {
  set: { 'X-Forwarded-For': '192.0.2.9', 'x-request-id': 'mine', 'X-Forwarded-Proto': 'https', forwarded: 'for=192.0.2.9' },
  add: { via: '1.1 extra' },
  remove: ['x-forwarded-host', 'X-Real-IP'],
};

beforeAll(async () => {
  const upstream = await startUpstream(
    responding((request) => {
      seen = request;
      return ok();
    }),
  );
  const routes = [
    { name: 'changed', match: [{ path: { prefix: '/changed' } }], pool: 'shop', requestHeaders: CHANGES },
    { name: 'silent', match: [{ path: { prefix: '/silent' } }], pool: 'shop', requestHeaders: { remove: ['x-forwarded-for', 'via'] } },
    { name: 'moved', match: [{ path: { prefix: '/moved' } }], redirect: { host: 'b.example' } },
  ];
  const folder = makeFolder();
  const config = configFor({ endpoints: [upstream.address], routes });
  const listeners = [
    { name: 'open', address: '127.0.0.1:0' },
    { name: 'behind', address: '127.0.0.1:0', trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] },
    { name: 'path', address: `unix:${folder.file('a.sock')}`, trustedProxies: ['unix'] },
    { name: 'open-path', address: `unix:${folder.file('b.sock')}` },
  ];
  sluice = await startSluice({ ...config, listeners });
});
afterAll(closeAll);

async function received(listener: string, path: string, ...fields: string[]): Promise<Message> {
  expect((await ask(sluice, get(path, ...fields), listener)).status).toBe(200);
  return seen;
}

const valuesOf = (message: Message, name: string): string[] =>
  message.fields.filter((line) => line.toLowerCase().startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim());

test.each(['open', 'behind'])('what a route sets, adds and removes is final: %s', async (listener) => {
  const said = [
    'X-Forwarded-For: 6.6.6.6',
    'X-Forwarded-Proto: http',
    'X-Request-Id: theirs',
    'x-real-ip: 6.6.6.6',
    'Forwarded: for=6.6.6.6',
  ];
  const request = await received(listener, '/changed', ...said);
  expect(valuesOf(request, 'x-forwarded-for')).toEqual(['192.0.2.9']);
  expect(valuesOf(request, 'x-forwarded-proto')).toEqual(['https']);
  expect(valuesOf(request, 'x-request-id')).toEqual(['mine']);
  expect(valuesOf(request, 'forwarded')).toEqual(['for=192.0.2.9']);
  expect(valuesOf(request, 'x-forwarded-host')).toEqual([]);
  expect(valuesOf(request, 'x-real-ip')).toEqual([]);
  expect(valuesOf(request, 'via')).toEqual([expect.stringMatching(/^1\.1 sluice-[\w-]+$/), '1.1 extra']);
  const silent = await received(listener, '/silent', ...said);
  expect([...valuesOf(silent, 'x-forwarded-for'), ...valuesOf(silent, 'via')]).toEqual([]);
});

test.each([['https, http'], ['HTTPS'], ['https,http,http'], ['Https', 'http']])(
  'a trusted peer that names https first means it: %s %s',
  async (...protos: string[]) => {
    const fields = protos.filter((each) => each !== '').map((proto) => `X-Forwarded-Proto: ${proto}`);
    const request = await received('behind', '/', ...fields);
    expect(valuesOf(request, 'x-forwarded-proto')).toEqual(['https']);
    expect((await ask(sluice, get('/moved', ...fields), 'behind')).field('location')).toBe('https://b.example/moved');
    expect((await ask(sluice, get('/moved', ...fields), 'open')).field('location')).toBe('http://b.example/moved');
  },
);

test('a word that names no scheme is passed over', async () => {
  expect(valuesOf(await received('behind', '/', 'x-forwarded-proto: on'), 'x-forwarded-proto')).toEqual(['http']);
});

test('Forwarded of a trusted peer stands in for fields that it does not write', async () => {
  const said = 'Forwarded: for=203.0.113.9;proto=HTTPS;host="shop.example:8443", for="10.0.0.7:4711"';
  const request = await received('behind', '/', said);
  expect(valuesOf(request, 'x-forwarded-for')).toEqual(['203.0.113.9, 10.0.0.7, 127.0.0.1']);
  expect(valuesOf(request, 'x-forwarded-proto')).toEqual(['https']);
  expect(valuesOf(request, 'x-forwarded-host')).toEqual(['shop.example:8443']);
  expect(valuesOf(request, 'forwarded')).toEqual([]);
  expect((await ask(sluice, get('/moved', said), 'behind')).field('location')).toBe('https://b.example/moved');
});

test('beside X-Forwarded-* fields, malformed, or of others it says nothing', async () => {
  const said = 'Forwarded: for=203.0.113.9;proto=https;host=evil.example';
  const beside = await received('behind', '/', said, 'X-Forwarded-For: 203.0.113.8');
  expect(valuesOf(beside, 'x-forwarded-for')).toEqual(['203.0.113.8, 127.0.0.1']);
  expect([...valuesOf(beside, 'x-forwarded-proto'), ...valuesOf(beside, 'x-forwarded-host')]).toEqual(['http', 'a.example']);
  const malformed = await received('behind', '/', 'Forwarded: for=203.0.113.9; for=x');
  expect(valuesOf(malformed, 'x-forwarded-for')).toEqual(['127.0.0.1']);
  const untrusted = await received('open', '/', said);
  expect([...valuesOf(untrusted, 'x-forwarded-for'), ...valuesOf(untrusted, 'x-forwarded-proto')]).toEqual(['127.0.0.1', 'http']);
});

test('what a client put in front of what its proxy says is not believed', async () => {
  const request = await received(
    'behind',
    '/',
    'Forwarded: for=1.1.1.1;proto=https;host=evil.example',
    'Forwarded: for=203.0.113.9;proto=http',
  );
  expect(valuesOf(request, 'x-forwarded-proto')).toEqual(['http']);
  expect(valuesOf(request, 'x-forwarded-host')).toEqual(['a.example']);
});

test('peers on a Unix socket can be trusted, and have no address', async () => {
  const told = ['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https'];
  const trusted = await received('path', '/', ...told);
  expect([...valuesOf(trusted, 'x-forwarded-for'), ...valuesOf(trusted, 'x-forwarded-proto')]).toEqual(['203.0.113.9', 'https']);
  expect(valuesOf(await received('path', '/'), 'x-forwarded-for')).toEqual([]);
  const untrusted = await received('open-path', '/', ...told);
  expect([...valuesOf(untrusted, 'x-forwarded-for'), ...valuesOf(untrusted, 'x-forwarded-proto')]).toEqual(['http']);
});
