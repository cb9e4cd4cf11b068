// A listener that a reload adds takes no connection before the routes that belong to it are in force.

import { setImmediate as turn } from 'node:timers/promises';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { get } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { freePort } from '../scaffold/free-port.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { configFor, startSluice } from '../flow/scaffold/sluice.ts';
import { Wire } from '../flow/scaffold/wire.ts';

let probes: Promise<void>[] = [];
let probing = false;

afterEach(async () => {
  probing = false;
  await Promise.all(probes);
  await closeAll();
});

/**
 * Status of one request on a new connection; undefined when no response comes. From another address: a connection to a free port of the
 * system's own range could otherwise meet itself, and take the port.
 */
async function statusOf(port: number): Promise<number | undefined> {
  const wire = new Wire(connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' }));
  try {
    await wire.write(get('/', 'connection: close'));
    return (await wire.readMessage()).status;
  } catch {
    return undefined;
  } finally {
    wire.destroy();
  }
}

test.each([1, 2])('every response of a listener that is being added is that of its route, with %i worker(s)', async (workers) => {
  const ports = await Promise.all(Array.from({ length: 12 }, () => freePort()));
  const added = ports.map((port, index) => ({
    name: `added-${index}`,
    // A name takes longer to bind than an address.
    address: `${index % 4 === 0 ? '127.0.0.1' : 'localhost'}:${port}`,
  }));
  const respond = { status: 200, body: 'here' };
  const config = configFor({ endpoints: ['127.0.0.1:1'], routes: [{ name: 'here', hosts: ['a.example'], respond }] });
  const web = (config as { listeners: object[] }).listeners;
  const sluice = await startSluice(config, { workers });
  const responses = new Map<number, number>();
  let late = new Set<number>();
  probing = true;
  probes = ports.map(async (port) => {
    while (probing) {
      const status = await statusOf(port);
      if (status !== undefined) responses.set(status, (responses.get(status) ?? 0) + 1);
      if (status !== undefined) late.add(port);
      await turn();
    }
  });
  for (let revision = 2; revision <= 7; revision++) {
    late = new Set();
    sluice.writeConfig({ ...config, listeners: revision % 2 === 0 ? [...web, ...added] : web });
    await eventually(`revision ${revision}`, async () => (await sluice.metric('sluice_config_revision')) === revision);
    if (revision % 2 === 0) await eventually('a response of each', () => late.size === ports.length);
  }
  expect([...responses.keys()]).toEqual([200]);
});
