// The HTTP server of the admin API: its limits, and where it listens. It knows no paths.

import { lookup } from 'node:dns/promises';
import type { RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Address } from '../config/model.ts';
import { OwnPath, draftOf } from '../lib/own-path.ts';
import type { AdminConnections } from './admin-connections.ts';

export const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: 1_000,
};

/** Without a byte in either direction; more than a call may take, and than two events may be apart. */
const SILENCE_MS = 35_000;

/** Listens nowhere yet. Requests come to `serve`, but for those of connections that end. */
export function createServer(connections: AdminConnections, serve: RequestListener): Server {
  // An import would evaluate all that the module names, which loads the HTTP client of fetch: 16 MB.
  const server = process.getBuiltinModule('node:http').createServer(LIMITS, served(connections, serve));
  server.on('connection', (socket: Socket) => connections.accept(socket));
  connections.hear(server);
  return equip(server);
}

export function served(connections: AdminConnections, serve: RequestListener): RequestListener {
  return (request, response) => {
    if (connections.begin(request, response)) serve(request, response);
  };
}

/** What no option says. */
export function equip<S extends Server>(server: S): S {
  server.timeout = SILENCE_MS;
  // A client that ends its side behind its request still gets the response, which may say what has changed.
  (server as Server as HalfOpenServer).httpAllowHalfOpen = true;
  return server;
}

/** A field of Node's server without a line in its documents: its own tests hold it. */
type HalfOpenServer = Server & { httpAllowHalfOpen: boolean };

export interface ListenOptions {
  /** Of the file of a Unix socket; undefined: as the umask has it. */
  readonly mode?: number | undefined;
  /** Another process may bind the port beside this one, to take it over. */
  readonly reusePort?: boolean;
}

/**
 * Resolves with where it listens: with the port that the kernel chose, if it was asked to. Rejects when the address is taken.
 */
export async function listen(server: Server, address: Address, { mode, reusePort = false }: ListenOptions = {}): Promise<Address> {
  if (address.kind === 'srv') throw new Error('the admin API cannot listen on an SRV name');
  if (address.kind === 'unix') {
    await listenAtPath(server, address.path, mode);
    return address;
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address.host, port: address.port, reusePort }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) return address;
  return { ...address, port: bound.port };
}

/** Rejects when it cannot be bound. Its file goes when the server is closed. */
async function listenAtPath(server: Server, path: string, mode?: number): Promise<void> {
  const draft = draftOf(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path: draft }, () => {
      server.off('error', reject);
      try {
        const own = new OwnPath(path, draft, mode);
        server.once('close', () => own.remove());
        resolve();
      } catch (error) {
        server.close();
        reject(error as Error);
      }
    });
  });
}

/**
 * The other addresses of `localhost`, which a machine may have for each family: a client that tries the other one first must not be refused.
 * Empty for any other name. @param first what is bound already
 */
export async function otherAddresses(first: Server, address: Address): Promise<readonly Address[]> {
  const bound = first.address();
  if (address.kind !== 'tcp' || address.host !== 'localhost' || typeof bound !== 'object' || bound === null) return [];
  const found = await lookup('localhost', { all: true });
  return found.filter(({ address: host }) => host !== bound.address).map(({ address: host }) => ({ ...address, host, port: bound.port }));
}

/** Resolves when nothing is left of it. `finish`: what is to end before connections are cut. */
export async function closeServer(server: Server, finish: () => Promise<void>): Promise<void> {
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  try {
    await finish();
  } finally {
    server.closeAllConnections();
    await closed;
  }
}
