// Makes sure that an address is ours alone before the workers share it: with SO_REUSEPORT a second instance would not fail to bind,
// it would silently take half of the connections.

import { lstat, unlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { SocketAddress } from './connect.ts';

/** The host to bind: where a machine has no IPv6, "all interfaces" are those of IPv4. */
export function bindableHost(host: string): string {
  if (host !== '::') return host;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some(({ family }) => family === 'IPv6') ? host : '0.0.0.0';
}

/**
 * Rejects with a message for operators when another process listens there. A socket file that nobody listens on is removed.
 * @param place where the address can be changed
 */
export async function claimAddress(address: SocketAddress | { readonly kind: 'srv' }, place = 'its address'): Promise<void> {
  if (address.kind === 'unix') return claimPath(address.path, place);
  if (address.kind !== 'tcp' || address.port === 0) return;
  const { host, port } = address;
  await new Promise<void>((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => reject(new Error(explainError(error, `${host}:${port}`, place))));
    server.listen({ host: bindableHost(host), port, exclusive: true }, () => server.close(() => resolve()));
  });
}

async function claimPath(path: string, place: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  // Connecting to a plain file is refused just as a stale socket is; a file that another program keeps is not ours to remove.
  if (!found.isSocket()) throw new Error(`unix:${path} is a file that is no socket; name another path or remove it`);
  const state = await new Promise<'free' | 'taken' | 'stale'>((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve('taken');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'stale' : 'free'));
  });
  if (state === 'taken') throw new Error(`unix:${path} is in use by another process; stop it or change ${place}`);
  if (state === 'stale') await unlink(path);
}

function explainError(error: NodeJS.ErrnoException, address: string, place: string): string {
  if (error.code === 'EADDRINUSE') return `${address} is in use by another process; stop it or change ${place}`;
  if (error.code === 'EACCES')
    return `${address} needs a privilege to bind (ports below 1024); use a higher port or grant CAP_NET_BIND_SERVICE`;
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') return `${address} is not an address of this machine`;
  return `${address} cannot be bound: ${error.message}`;
}
