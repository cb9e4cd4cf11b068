import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { decodeText } from '../../../../src/config/decode.ts';
import type { Config } from '../../../../src/config/model.ts';
import { Effects } from '../../../../src/control/rollouts/effects.ts';
import { dial } from '../../../../src/upstream/probes/dial.ts';
import type { EffectResult } from '../../../../src/rollout/model.ts';
import { begun } from '../../rollout/fakes.ts';

const PLAIN = { tls: undefined, proxyProtocol: undefined, protocol: 'http1' as const };
const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

/** Responds with its name, and knows what it was asked for. */
async function shop(name: string): Promise<{ readonly at: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end(name);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closing.push(() => void server.close());
  return { at: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function configOf(canary: string): Config {
  const versions = { v1: { endpoints: ['127.0.0.1:1'] }, v2: { endpoints: [canary] } };
  const written = { listeners: [{ name: 'web', address: '127.0.0.1:8080' }], pools: { shop: { versions, split: { v1: 100, v2: 0 } } } };
  return decodeText('a.yaml', JSON.stringify({ ...written, routes: [{ name: 'all', pool: 'shop' }] })).config!;
}

function smoke(path: string, canary: string): Promise<EffectResult> {
  const effects = new Effects({
    env: {},
    pause: () => Promise.resolve(),
    links: { told: () => undefined },
    dial: (_pool, _version, endpoint) => dial(endpoint, PLAIN),
  });
  const state = begun({ steps: [{ smoke: [{ path, expect: { body: 'canary' } }] }, { weight: '100%' }] });
  return effects.run(state, { name: 'smoke', kind: 'smoke', step: 0 }, configOf(canary));
}

it('asks the canary and nobody else, whatever the path of a smoke request looks like', async () => {
  const canary = await shop('canary');
  const other = await shop('somebody else');
  for (const path of [`//${other.at}/secrets`, `/\\${other.at}/secrets`, `/@${other.at}/`]) {
    const result = await smoke(path, canary.at);
    expect([path, other.asked, result.ok]).toEqual([path, [], true]);
  }
  expect(canary.asked).toHaveLength(3);
});

it('has a result for every path that a config may have', async () => {
  const canary = await shop('canary');
  for (const path of ['//', '///', '//[', '//%', '/?', '/%zz', '/..//..'])
    expect([path, await smoke(path, canary.at)]).toMatchObject([path, { ok: true }]);
});
