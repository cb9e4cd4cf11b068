// Upstreams on one port and several loopback addresses, as the addresses of one name are.
//
//   const { port, upstreams } = await startSiblings('127.0.0.2', '127.0.0.3');      upstreams[0].version is 'a', the next 'b', …

import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { LoadUpstream } from './load-upstream.ts';
import { open } from './open.ts';

export interface Siblings {
  readonly port: number;
  readonly upstreams: readonly LoadUpstream[];
}

export async function startSiblings(...hosts: readonly string[]): Promise<Siblings> {
  for (;;) {
    const servers: Server[] = [];
    let port = 0;
    for (const host of hosts) {
      const server = createServer();
      server.keepAliveTimeout = 120_000;
      server.requestTimeout = 0;
      if (!(await listen(server, host, port))) break;
      servers.push(server);
      const bound = server.address();
      port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    }
    if (servers.length === hosts.length) {
      return { port, upstreams: servers.map((server, index) => open(new LoadUpstream('abcdef'.charAt(index), server))) };
    }
    for (const server of servers) server.close();
  }
}

/** False when that port is taken on this address. */
function listen(server: Server, host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
    server.listen({ host, port, backlog: 4096 }, () => resolve(true));
  });
}
