// An upstream that speaks TLS, and remembers who came.
//
//   const upstream = await startSecure(await authority.issue({ names: ['localhost'] }))      with options of node:tls
//   upstream.requests                            texts of requests, as they were read

import { createServer } from 'node:tls';
import type { Server, TLSSocket, TlsOptions } from 'node:tls';
import { open } from './open.ts';

export interface SecureUpstream {
  readonly address: string;
  readonly sockets: TLSSocket[];
  readonly requests: string[];
  /** Of each connection: the name that it asked for, and whom its certificate names. */
  readonly shown: string[];
  /** Those that `/x` came by. */
  readonly served: ReadonlySet<TLSSocket>;
  readonly resumed: ReadonlySet<TLSSocket>;
}

/** Responds to each request on each connection with 200. */
export async function startSecure(options: TlsOptions): Promise<SecureUpstream> {
  const sockets: TLSSocket[] = [];
  const requests: string[] = [];
  const shown: string[] = [];
  const [served, resumed] = [new Set<TLSSocket>(), new Set<TLSSocket>()];
  const server: Server = createServer(options, (socket) => {
    sockets.push(socket);
    if (socket.isSessionReused()) resumed.add(socket);
    shown.push(`${(socket as unknown as { servername: string }).servername} ${socket.getPeerX509Certificate()?.subjectAltName ?? ''}`);
    socket
      .on('error', () => undefined)
      .on('data', (bytes: Buffer) => {
        requests.push(bytes.toString('latin1'));
        if (bytes.includes('GET /x ')) served.add(socket);
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      });
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open({
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  });
  return { address: `localhost:${(server.address() as { port: number }).port}`, sockets, requests, shown, served, resumed };
}
