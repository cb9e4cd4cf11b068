// The listeners of a worker and their certificates: one that speaks TLS has some, or is not there, and what was refused has changed nothing.

import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import type { ListenerConfig } from '../../../src/config/model.ts';
import type { TlsUpdate } from '../../../src/control/ports.ts';
import { counterKeys } from '../../../src/control/counter-keys.ts';
import { Deadlines } from '../../../src/lib/deadlines.ts';
import { ProxyContext } from '../../../src/proxy/context.ts';
import { CounterRegistry } from '../../../src/telemetry/counter-registry.ts';
import { CounterSet } from '../../../src/telemetry/counter-set.ts';
import { ListenerSet } from '../../../src/threads/listener-set.ts';
import { closeAll, open } from '../../flow/scaffold/open.ts';
import { configFor } from '../../flow/scaffold/sluice.ts';
import { adoptPlan } from '../../scaffold/adopt-plan.ts';
import { makeAuthority } from '../../scaffold/certificates.ts';
import { dialSecure } from '../net/tls/accept-secure.ts';

afterEach(closeAll);

const authority = await makeAuthority();

async function filesOf(listener: string): Promise<TlsUpdate['listeners'][number]> {
  return { listener, certificates: [await authority.issue({ names: [`${listener}.test`] })], clientAuthorities: undefined };
}

function update(...listeners: TlsUpdate['listeners']): TlsUpdate {
  return { ticketSeed: Buffer.alloc(32).toString('base64url'), listeners, upstreams: [] };
}

const TLS = { certificates: [{ certFile: '/a.crt', keyFile: '/a.key' }] };

/** A worker that has these listeners, none of them bound yet. */
function worker(listeners: readonly object[]): { set: ListenerSet; configs: readonly ListenerConfig[] } {
  const config = decodeText('f.yaml', JSON.stringify({ ...configFor({ endpoints: ['127.0.0.1:1'] }), listeners })).config!;
  const [deadlines, counters, counted] = [new Deadlines(), new CounterSet(0), new CounterRegistry(1)];
  const plan = counted.reserve(counterKeys(config));
  adoptPlan(counters, plan);
  counted.commit(plan, 'all');
  const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const context = new ProxyContext(undefined as never, deadlines, counters.worker(), log as never);
  const set = new ListenerSet(context, counters, {
    index: 0,
    workers: 1,
    reusePort: false,
    beside: [],
    pseudonym: 's',
    changeovers: new SharedArrayBuffer(8),
  });
  open({
    close: async () => {
      const all = set.open;
      await Promise.all(all.map((listener) => listener.retire(0)));
      for (const listener of all) listener.destroyAll();
      deadlines.close();
    },
  });
  return { set, configs: config.listeners };
}

async function shown(port: number): Promise<string | undefined> {
  const { wire, socket } = await dialSecure(port, { rejectUnauthorized: false });
  const name = socket.getPeerX509Certificate()?.subjectAltName;
  wire.destroy();
  return name;
}

it('a worker refuses a listener of TLS that it has no certificates for, and binds none of the others', async () => {
  const { set, configs } = worker([
    { name: 'plain', address: '127.0.0.1:0' },
    { name: 'web', address: '127.0.0.1:0', tls: TLS },
  ]);
  const reason = 'listener web speaks TLS and has no certificate';
  await expect(set.prepare(configs, {}, update())).rejects.toThrow(reason);
  await expect(set.prepare(configs, {}, update(await filesOf('other')))).rejects.toThrow(reason);
  expect(set.open).toEqual([]);
  await set.prepare(configs, {}, update(await filesOf('web')));
  expect(set.open).toHaveLength(2);
});

it('certificates that are refused leave those before, alone and as part of a config', async () => {
  const { set, configs: both } = worker(['web', 'more'].map((name) => ({ name, address: '127.0.0.1:0', tls: TLS })));
  const configs = both.slice(0, 1);
  const first = update(await filesOf('web'));
  await set.prepare(configs, {}, first);
  const port = set.apply(configs)['web']!;
  expect(await shown(port)).toBe('DNS:web.test');

  expect(() => set.setTls(update())).toThrow('listener web speaks TLS and has no certificate');
  const [weak, other] = await Promise.all([authority.issue({ names: ['weak.test'], kind: 'weak' }), filesOf('other')]);
  expect(() => set.setTls(update({ listener: 'web', certificates: [weak], clientAuthorities: undefined }))).toThrow(/key too small/);
  expect(await shown(port)).toBe('DNS:web.test');

  // A config with other certificates, whose new address is taken; after it an update of what still serves.
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  open({ close: () => new Promise<void>((resolve) => taken.close(() => resolve())) });
  const address = { kind: 'tcp', host: '127.0.0.1', port: (taken.address() as AddressInfo).port } as const;
  const more = [...configs, { ...both[1]!, address }];
  const read = update({ ...other, listener: 'web' }, { ...other, listener: 'more' });
  await expect(set.prepare(more, { web: port }, read)).rejects.toThrow(/EADDRINUSE/);
  set.apply(configs);
  expect(await shown(port)).toBe('DNS:web.test');
  set.setTls(update({ ...other, listener: 'web' }));
  expect(await shown(port)).toBe('DNS:other.test');
});
