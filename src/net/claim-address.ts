// Makes sure that an address is ours alone before the workers share it: with SO_REUSEPORT a second instance would not fail to bind,
// it would silently take half of the connections.

import { existsSync } from 'node:fs';
import { lstat, unlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import type { SocketAddress } from './connect.ts';

/** The host to bind: where a machine has no IPv6, "all interfaces" are those of IPv4. */
export function bindableHost(host: string): string {
  if (host !== '::') return host;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some(({ family }) => family === 'IPv6') ? host : '0.0.0.0';
}

/**
 * Rejects with a message for operators when it cannot be bound: what is wrong, and the way out. A socket file that nobody listens on is removed.
 */
export async function claimAddress(address: SocketAddress | { readonly kind: 'srv' }): Promise<void> {
  if (address.kind === 'srv') return;
  if (address.kind === 'unix') await freePath(address.path);
  else if (address.port === 0) return;
  const shown = address.kind === 'unix' ? address.path : shownAddress(address.host, address.port);
  const where = address.kind === 'unix' ? { path: address.path } : { host: bindableHost(address.host), port: address.port };
  await new Promise<void>((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      const explain = address.kind === 'unix' ? explainPath : explainPort;
      reject(new Error(explain(error, shown), { cause: error }));
    });
    server.listen({ ...where, exclusive: true }, () => server.close(() => resolve()));
  });
}

async function freePath(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  // Connecting to a plain file is refused just as a stale socket is; a file that another program keeps is not ours to remove.
  if (!found.isSocket()) throw new Error(`unix:${path} is a file that is no socket: choose another path, or remove it`);
  const state = await new Promise<'free' | 'taken' | 'stale'>((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve('taken');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'stale' : 'free'));
  });
  if (state === 'taken') throw new Error(`unix:${path} is in use by another process: stop that one, or choose another path`);
  if (state !== 'stale') return;
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(explainPath(error, path), { cause: error });
  });
}

/** @param address as `[::1]:80` */
export function explainPort(error: NodeJS.ErrnoException, address: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `${address} is in use by another process: stop that one, or choose another port`;
    case 'EACCES':
    case 'EPERM':
      return `${address} needs a privilege, as ports below 1024 do: choose a higher port, or grant CAP_NET_BIND_SERVICE`;
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
    case 'ENOTFOUND':
      return `${address} is not an address of this machine: choose one that it has, 127.0.0.1, or the port alone (:8080) for all`;
    case 'EAI_AGAIN':
      return `the name in ${address} cannot be resolved now: write its IP address`;
    default:
      return `${address} cannot be bound: ${error.message}`;
  }
}

function explainPath(error: NodeJS.ErrnoException, path: string): string {
  const folder = dirname(path);
  // A folder that is missing is EACCES here, too.
  if (!existsSync(folder)) return `unix:${path} needs the folder ${folder}, which is not there: make it, or choose another path`;
  switch (error.code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `unix:${path} cannot be made, for the user of Sluice may not write to ${folder}: allow it, or choose another path`;
    case 'EADDRINUSE':
      return `unix:${path} is in use by another process: stop that one, or choose another path`;
    default:
      return `unix:${path} cannot be bound: ${error.message}`;
  }
}

function shownAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
