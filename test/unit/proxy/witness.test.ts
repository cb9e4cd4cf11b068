import { connect } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { counterKeys } from '../../../src/control/counter-keys.ts';
import { ServingBuilder } from '../../../src/app/serving-builder.ts';
import { Deadlines } from '../../../src/lib/deadlines.ts';
import type { Log } from '../../../src/lib/log.ts';
import { ProxyContext } from '../../../src/proxy/context.ts';
import { Listener } from '../../../src/proxy/listener.ts';
import type { Witness } from '../../../src/proxy/witness.ts';
import { compileTable } from '../../../src/routing/compile.ts';
import { compileTrust } from '../../../src/routing/trust.ts';
import { CounterRegistry } from '../../../src/telemetry/counter-registry.ts';
import { CounterSet } from '../../../src/telemetry/counter-set.ts';
import { Registry } from '../../../src/upstream/registry.ts';
import { get } from '../../flow/scaffold/client.ts';
import { eventually } from '../../flow/scaffold/eventually.ts';
import { closeAll, open } from '../../flow/scaffold/open.ts';
import { configFor } from '../../flow/scaffold/sluice.ts';
import { answering, ok, startUpstream } from '../../flow/scaffold/upstream.ts';
import { Wire } from '../../flow/scaffold/wire.ts';

afterEach(closeAll);

/** The data plane of one worker, inside the test. */
async function startProxy(written: object, faults: unknown[]): Promise<{ readonly context: ProxyContext; readonly port: number }> {
  const config = decodeText('f.yaml', JSON.stringify(written)).config!;
  const [deadlines, counters] = [new Deadlines(), new CounterSet(0)];
  counters.adopt(new CounterRegistry(1).reserve(counterKeys(config)));
  const log = { info: vi.fn(), warn: vi.fn(), error: (fields: unknown) => faults.push(fields) } as unknown as Log;
  const registry = new Registry({ deadlines, counters, log, worker: 0, workers: 1, onFault: (error) => faults.push(error) });
  const serving = new ServingBuilder(registry, counters).build(config, compileTable(config, 1), {});
  const context = new ProxyContext(serving, deadlines, counters.worker(), log);
  const { limits } = config.listeners[0]!;
  const listener = new Listener({ name: 'web', ...limits, trust: compileTrust([]) }, context, counters);
  const port = await listener.open({ host: '127.0.0.1', port: 0, reusePort: false });
  listener.start();
  open({
    close: async () => {
      await listener.retire(0);
      listener.destroyAll();
      registry.apply([]);
      deadlines.close();
    },
  });
  return { context, port };
}

async function startMirrored(faults: unknown[]) {
  const primary = await startUpstream(answering(() => ok('from primary', 'x-a: 1')));
  const shadow = await startUpstream(answering(() => ok('from shadow', 'x-a: 2')));
  const mirrors = [{ name: 'dark', version: 'v2' }];
  const endpoints = { v1: [primary.address], v2: [shadow.address] };
  return startProxy(configFor({ endpoints, pool: { split: { v1: 1, v2: 0 }, mirrors } }), faults);
}

async function askAt(port: number): Promise<string> {
  const wire = open(new Wire(connect(port, '127.0.0.1')));
  await wire.write(get('/x'));
  const { body } = await wire.readMessage();
  await wire.close();
  return body;
}

test('who compares hears both answers, whole, and how they ended', async () => {
  const faults: unknown[] = [];
  const { context, port } = await startMirrored(faults);
  const heard: string[] = [];
  const bodies = { primary: '', shadow: '' };
  context.shadows.findWitness = (mirror, exchange): Witness => {
    heard.push(`${mirror.name} ${exchange.head.target}`);
    return {
      onHead: (side, head) => heard.push(`${side} ${head.status} ${head.block.includes(side === 'primary' ? 'x-a: 1' : 'x-a: 2')}`),
      onBody: (side, bytes, from, to) => (bodies[side] += bytes.toString('latin1', from, to)),
      onPrimaryEnd: (status, tookMs) => heard.push(`primary ended ${status} ${tookMs >= 0}`),
      onShadowEnd: ({ code }, tookMs) => heard.push(`shadow ended ${code} ${tookMs >= 0}`),
    };
  };
  expect(await askAt(port)).toBe('from primary');
  await eventually('both ends', () => heard.length === 5);
  expect(heard[0]).toBe('dark /x');
  expect(heard.toSorted()).toEqual(['dark /x', 'primary 200 true', 'primary ended 200 true', 'shadow 200 true', 'shadow ended ok true']);
  expect(bodies).toEqual({ primary: 'from primary', shadow: 'from shadow' });
  expect(faults).toEqual([]);
});

test.each(['find', 'onHead', 'onBody', 'onPrimaryEnd', 'onShadowEnd'])('one that fails in %s fails alone', async (where) => {
  const faults: unknown[] = [];
  const { context, port } = await startMirrored(faults);
  const fail = (here: string) => (): void => {
    if (here === where) throw new Error('a fault of the witness');
  };
  context.shadows.findWitness = (): Witness => {
    fail('find')();
    return {
      onHead: fail('onHead'),
      onBody: fail('onBody'),
      onPrimaryEnd: fail('onPrimaryEnd'),
      onShadowEnd: fail('onShadowEnd'),
    };
  };
  for (let n = 0; n < 3; n++) expect(await askAt(port)).toBe('from primary');
  await eventually('the faults', () => faults.length >= 3);
});
