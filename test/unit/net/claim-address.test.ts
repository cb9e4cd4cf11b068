import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { claimAddress, explainPort } from '../../../src/net/claim-address.ts';

test.each([
  ['EADDRINUSE', 'is in use by another process: stop that one, or choose another port'],
  ['EACCES', 'needs a privilege, as ports below 1024 do: choose a higher port, or grant CAP_NET_BIND_SERVICE'],
  ['EADDRNOTAVAIL', 'is not an address of this machine: choose one that it has, 127.0.0.1, or the port alone (:8080) for all'],
  ['EAFNOSUPPORT', 'is not an address of this machine: choose one that it has, 127.0.0.1, or the port alone (:8080) for all'],
  ['EAI_AGAIN', 'the name in [::1]:80 cannot be resolved now: write its IP address'],
  ['EMFILE', 'cannot be bound: no'],
])('what %s means and the way out', (code, told) => {
  expect(explainPort(Object.assign(new Error('no'), { code }), '[::1]:80')).toContain(told);
});

test('a taken port of IPv6 is written with brackets; a socket file is as free afterwards as before', async () => {
  const taken = createServer();
  const host = await new Promise<string>((resolve) => {
    taken.once('error', () => taken.listen(0, '127.0.0.1', () => resolve('127.0.0.1')));
    taken.listen(0, '::1', () => resolve('::1'));
  });
  const { port } = taken.address() as { port: number };
  const shown = host === '::1' ? `[::1]:${port}` : `127.0.0.1:${port}`;
  await expect(claimAddress({ kind: 'tcp', host, port })).rejects.toThrow(`${shown} is in use`);
  taken.close();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-claim-'));
  const path = join(folder, 'a.sock');
  for (let time = 0; time < 2; time++) await claimAddress({ kind: 'unix', path });
  rmSync(folder, { recursive: true });
  await expect(claimAddress({ kind: 'unix', path })).rejects.toThrow(
    `unix:${path} needs the folder ${folder}, which is not there: make it`,
  );
});
