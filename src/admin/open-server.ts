// The HTTP server of the admin API: its limits, and what becomes of a connection that brings no request. It knows no paths.

import { lookup } from 'node:dns/promises';
import type { RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Address } from '../config/model.ts';
import { CLOSES, writeLocalHead } from '../http1/write-response.ts';
import { PROBLEM_TYPE, problemDetails } from './problem-reply.ts';

const MAX_CONNECTIONS = 256;

const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: 1_000,
};

/** Listens nowhere yet. */
export function createServer(serve: RequestListener): Server {
  // An import would evaluate all that the module names, which loads the HTTP client of fetch: 16 MB.
  const server = process.getBuiltinModule('node:http').createServer(LIMITS, serve);
  server.maxConnections = MAX_CONNECTIONS;
  server.on('clientError', refuseConnection);
  return server;
}

/** Resolves with where it listens: with the port that the kernel chose, if it was asked to. Rejects when the address is taken. */
export async function listen(server: Server, address: Address): Promise<Address> {
  if (address.kind === 'srv') throw new Error('the admin API cannot listen on an SRV name');
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address();
  if (address.kind === 'unix' || typeof bound !== 'object' || bound === null) return address;
  return { ...address, port: bound.port };
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

/** What is not even a request: it gets a reply where that is possible, and the connection is closed. */
function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status = CLIENT_ERRORS.get(error.code ?? '') ?? 400;
  const body = JSON.stringify(problemDetails(status, 'The request is malformed, too large or too slow.'));
  socket.end(writeLocalHead(status, `content-type: ${PROBLEM_TYPE}\r\n`, Buffer.byteLength(body), CLOSES) + body);
}

const CLIENT_ERRORS: ReadonlyMap<string, number> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
  ['HPE_HEADER_OVERFLOW', 431],
]);
