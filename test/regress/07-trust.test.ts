// What a peer may say about the client that it speaks for: only a trusted one is believed.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, get } from '../flow/scaffold/client.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { configFor, startSluice } from '../flow/scaffold/sluice.ts';
import type { Sluice } from '../flow/scaffold/sluice.ts';
import { responding, ok, startUpstream } from '../flow/scaffold/upstream.ts';
import type { Message } from '../flow/scaffold/wire.ts';

const SAID = [
  ['x-forwarded-port', '4431'],
  ['x-forwarded-prefix', '/said-prefix'],
  ['x-forwarded-ssl', 'said-on'],
  ['x-forwarded-server', 'said.example'],
  ['x-forwarded-scheme', 'said-https'],
  ['x-real-ip', '198.51.100.77'],
  ['true-client-ip', '198.51.100.78'],
] as const;

let sluice: Sluice;
const received: Message[] = [];

beforeAll(async () => {
  const upstream = await startUpstream(
    responding((request) => {
      received.push(request);
      return ok();
    }),
  );
  const routes = [{ name: 'moved', match: [{ path: { prefix: '/moved' } }], redirect: { host: 'b.example' } }];
  const config = configFor({ endpoints: [upstream.address], routes });
  const listeners = [
    { name: 'open', address: '127.0.0.1:0' },
    { name: 'behind', address: '127.0.0.1:0', trustedProxies: ['127.0.0.0/8'] },
  ];
  sluice = await startSluice({ ...config, listeners });
});
afterAll(closeAll);

async function passedOn(listener: string): Promise<readonly (string | undefined)[]> {
  const fields = SAID.map(([name, value]) => `${name.replace(/^x|^t/, (first) => first.toUpperCase())}: ${value}`);
  expect((await ask(sluice, get('/', ...fields), listener)).status).toBe(200);
  const request = received.at(-1)!;
  return SAID.map(([name, value]) => (request.field(name) === value ? value : undefined));
}

test('forwarding fields of an untrusted peer do not reach the upstream', async () => {
  expect(await passedOn('open')).toEqual(SAID.map(() => undefined));
  const { head } = received.at(-1)!;
  for (const [, value] of SAID) expect(head).not.toContain(value);
});

test('those of a trusted peer do', async () => {
  expect(await passedOn('behind')).toEqual(SAID.map(([, value]) => value));
});

test('a redirect keeps the scheme that a trusted peer names, and that of the listener otherwise', async () => {
  const request = get('/moved/x?y=1', 'x-forwarded-proto: https');
  const location = async (listener: string): Promise<string | undefined> => (await ask(sluice, request, listener)).field('location');
  expect(await location('behind')).toBe('https://b.example/moved/x?y=1');
  expect(await location('open')).toBe('http://b.example/moved/x?y=1');
});
