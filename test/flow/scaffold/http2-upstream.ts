// Upstreams of HTTP/2: Node's own server, as a peer that is not ours.
//
//   const upstream = await startHttp2((stream, fields) => { stream.respond({ ':status': 200 }); stream.end('ok'); });
//   upstream.address, upstream.sessions      '127.0.0.1:PORT', and the connections seen, the latest last
//   await startHttp2(…, { settings: { maxConcurrentStreams: 1 } })      and the other options of node:http2; with `key` and `cert`, over TLS

import { createSecureServer, createServer } from 'node:http2';
import type { Http2Server, IncomingHttpHeaders, SecureServerOptions, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { open } from './open.ts';

export type Http2Script = (stream: ServerHttp2Stream, fields: IncomingHttpHeaders) => void;

export class Http2Upstream {
  readonly address: string;
  readonly sessions: ServerHttp2Session[] = [];
  readonly #server: Http2Server;

  constructor(server: Http2Server) {
    this.#server = server;
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Connections that are open now. */
  get open(): readonly ServerHttp2Session[] {
    return this.sessions.filter(({ closed, destroyed }) => !closed && !destroyed);
  }

  async close(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }
}

export async function startHttp2(script: Http2Script, options: SecureServerOptions & { port?: number } = {}): Promise<Http2Upstream> {
  const server: Http2Server = options.key === undefined ? createServer(options) : (createSecureServer(options) as unknown as Http2Server);
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session) => void sessions.push(session.on('error', () => undefined)));
  server.on('stream', (stream: ServerHttp2Stream, fields: IncomingHttpHeaders) => {
    stream.on('error', () => undefined);
    script(stream, fields);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve));
  const upstream = open(new Http2Upstream(server));
  upstream.sessions.push(...sessions);
  server.on('session', (session) => void upstream.sessions.push(session));
  return upstream;
}

/** Responds with what it got: the request's content, and its fields as `x-got`. */
export function echo(stream: ServerHttp2Stream, fields: IncomingHttpHeaders): void {
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.on('end', () => {
    const body = Buffer.concat(pieces);
    stream.respond({
      ':status': 200,
      'content-length': body.length,
      'x-got': `${fields[':method']} ${fields[':path']} ${fields[':scheme']}`,
    });
    stream.end(body);
  });
}
