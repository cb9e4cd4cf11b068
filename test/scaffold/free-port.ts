// A port of loopback that nobody has, and that stays so: below those that the kernel gives to whoever asks for any port, to servers and clients of
// other tests among them. What was given by the kernel and closed again may be another's a moment later.

import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Linux gives away ports from 32768 on (ip(7), ip_local_port_range). */
const [LOWEST, PORTS] = [20_000, 12_000];

const given = new Set<number>();

/** Another one at each call; other processes look elsewhere, as far as chance goes. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * PORTS);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => {
      const bound = server.address() as AddressInfo;
      server.close(() => resolve(bound.port === port));
    });
  });
}
