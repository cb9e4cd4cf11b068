// Commands that reach something else than the admin API say so in a sentence.

import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { readAccess } from '../../../src/cli/access.ts';
import { AdminClient } from '../../../src/cli/admin-client.ts';
import { EXIT, Failure } from '../../../src/cli/failure.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function askOf(status: number, headers: Readonly<Record<string, string>>, method: 'GET' | 'PUT' = 'GET') {
  const server = createServer((_request, response) => response.writeHead(status, headers).end('{"pools": []}'));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new AdminClient(readAccess({ admin: url }, {}));
  const result = await client.ask({ method, path: '/v1/pools' }).catch((error: unknown) => error);
  await client.close();
  return { url, result };
}

const problem = 'application/problem+json';

describe('what is asked', () => {
  it.each([
    [200, 'application/json; charset=utf-8'],
    [200, 'application/yaml'],
    [404, problem],
    [421, `${problem}; charset=utf-8`],
    [502, 'text/html'],
  ])('may be the admin API when it sends %s with %s', async (status, type) => {
    expect((await askOf(status, { 'content-type': type })).result).toMatchObject({ status });
  });

  it.each([
    [404, 'text/plain', { 'x-sluice-outcome': 'no_route' }],
    [503, 'text/plain', { 'x-sluice-outcome': 'no_endpoint' }],
  ])('is told as a listener when it sends %s with %s and %j', async (status, type, headers) => {
    const { url, result } = await askOf(status, { 'content-type': type, ...headers });
    expect(result).toBeInstanceOf(Failure);
    const { message, exitCode, advice } = result as Failure;
    expect(message).toBe(`what responds at ${url} is a listener of Sluice, a port for traffic (${status}, ${headers['x-sluice-outcome']})`);
    expect([exitCode, advice.length]).toEqual([EXIT.unreachable, 1]);
    expect(advice[0]).toContain('--admin URL');
  });

  it.each([
    [200, 'text/html; charset=utf-8', 'text/html'],
    [404, 'text/html', 'text/html'],
    [404, 'application/json', 'application/json'],
    [301, 'text/html', 'text/html'],
    [401, 'text/plain', 'text/plain'],
    [200, 'text/\u0007\u009b31m', 'text/'],
  ])('is told as another server when it sends %s with %j', async (status, type, shown) => {
    const { url, result } = await askOf(status, { 'content-type': type.replace(/[^ -~]/g, '') });
    expect((result as Failure).message).toContain(`what responds at ${url} is not the admin API: it sent status ${status} with ${shown}`);
  });

  it('says of a write that it was not made, and where it may have gone', async () => {
    const { result } = await askOf(200, { 'content-type': 'text/html' }, 'PUT');
    expect((result as Failure).advice.at(-1)).toBe('The change was not made. An application behind that port may have got the request.');
  });
});
