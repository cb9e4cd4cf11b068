import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { AdminClient } from '../../../src/cli/admin-client.ts';
import { readAccess } from '../../../src/cli/access.ts';

it('leaves no listener behind on a connection that is kept: to watch is to ask for hours', async () => {
  const server = createServer((_request, response) => response.setHeader('content-type', 'application/json').end('{}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const warnings: string[] = [];
  const warned = (warning: Error): void => void warnings.push(warning.name);
  process.on('warning', warned);
  const client = new AdminClient(readAccess({ admin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, {}));
  for (let asked = 0; asked < 20; asked++) expect((await client.ask({ method: 'GET', path: '/v1/pools' })).status).toBe(200);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', warned);
  expect(warnings).toEqual([]);
  await client.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
