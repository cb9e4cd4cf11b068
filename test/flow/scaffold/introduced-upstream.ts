// An upstream whose connections begin with a PROXY header, over TLS or not. What it hears of the client stands beside each request.
//
//   const upstream = await startIntroduced((request) => ok(request.client))       or with tls: { cert, key }
//   upstream.address, upstream.connections         each with its header, requests, socket
//   request.client                                 '127.0.0.1:5 > 127.0.0.1:80', or 'local' where the header names nobody
//
// A response that is empty resets the connection. A connection that does not begin with a header is noted in `faults`, and closed.

import { createServer } from 'node:net';
import type { AddressInfo, ListenOptions, Socket } from 'node:net';
import { TLSSocket, createSecureContext } from 'node:tls';
import { PROXY_INCOMPLETE, emptyProxyHeader, readProxyHeader } from '../../../src/net/read-proxy-header.ts';
import { open } from './open.ts';
import { Wire } from './wire.ts';
import type { Message } from './wire.ts';

export interface IntroducedRequest extends Message {
  readonly client: string;
  /** Position of its connection. */
  readonly connection: number;
  readonly wire: Wire;
}

interface IntroducedConnection {
  readonly version: 1 | 2;
  readonly client: string;
  readonly socket: Socket;
  /** Bytes that came in one read with the header. */
  readonly behind: number;
  readonly requests: string[];
  /** Whether its session of TLS was resumed. */
  resumed: boolean;
}

export interface IntroducedUpstream {
  readonly address: string;
  readonly connections: readonly IntroducedConnection[];
  readonly faults: readonly string[];
  /** Connections that are open. */
  readonly open: number;
  close(): Promise<void>;
}

type Respond = (request: IntroducedRequest) => string | Promise<string>;

export interface IntroducedOptions {
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly where?: ListenOptions;
}

export async function startIntroduced(respond: Respond, { tls, where }: IntroducedOptions = {}): Promise<IntroducedUpstream> {
  const connections: IntroducedConnection[] = [];
  const faults: string[] = [];
  const sockets = new Set<Socket>();
  const secureContext = tls && createSecureContext(tls);
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    readHeader(socket, faults, ({ version, client, behind }) => {
      const requests: string[] = [];
      const carried = secureContext === undefined ? socket : new TLSSocket(socket, { isServer: true, secureContext });
      carried.on('error', () => undefined);
      const connection = { version, client, behind, socket, requests, resumed: false };
      if (carried instanceof TLSSocket) carried.on('secure', () => (connection.resumed = carried.isSessionReused()));
      const position = connections.push(connection) - 1;
      void serve(carried, { client, connection: position, requests }, respond);
      carried.resume();
    });
  });
  await new Promise<void>((resolve) => server.listen(where ?? { host: '127.0.0.1', port: 0 }, resolve));
  const bound = server.address() as AddressInfo | string;
  const address = typeof bound === 'string' ? `unix:${bound}` : `${tls === undefined ? '127.0.0.1' : 'localhost'}:${bound.port}`;
  return open({
    address,
    connections,
    faults,
    get open() {
      return sockets.size;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}

interface Header {
  readonly version: 1 | 2;
  readonly client: string;
  readonly behind: number;
}

function readHeader(socket: Socket, faults: string[], onHeader: (header: Header) => void): void {
  let first = Buffer.alloc(0);
  const onData = (bytes: Buffer): void => {
    first = Buffer.concat([first, bytes]);
    const header = emptyProxyHeader();
    const end = readProxyHeader(first, first.length, header);
    if (end === PROXY_INCOMPLETE) return;
    socket.off('data', onData);
    socket.pause();
    if (end < 0) {
      faults.push(first.toString('latin1'));
      socket.destroy();
      return;
    }
    const { ends, version } = header;
    const client = ends === undefined ? 'local' : `${ends.source}:${ends.sourcePort} > ${ends.destination}:${ends.destinationPort}`;
    if (end < first.length) socket.unshift(first.subarray(end));
    onHeader({ version, client, behind: first.length - end });
  };
  socket.on('data', onData);
}

type Served = Pick<IntroducedRequest, 'client' | 'connection'> & { readonly requests: string[] };

async function serve(socket: Socket, { client, connection, requests }: Served, respond: Respond): Promise<void> {
  const wire = new Wire(socket);
  wire.deadlineMs = Infinity;
  try {
    for (;;) {
      const message = await wire.readMessage();
      requests.push(message.line);
      const response = await respond({ ...message, client, connection, wire });
      if (response === '') return wire.reset();
      await wire.write(response);
    }
  } catch {
    // Its connection is over.
    socket.destroy();
  }
}
