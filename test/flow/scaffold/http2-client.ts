// Clients of HTTP/2: that of node:http2, and frames made by hand.
//
//   const session = await sessionTo(sluice, { ca, servername })       over TLS where it is given one; else plaintext, by prior knowledge
//   await askOn(session, { ':path': '/x' }, 'body')
//   const peer = await rawTo(sluice); await peer.wire.write(requestFrames(1, ['…']))

import { connect } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders, OutgoingHttpHeaders, SecureClientSessionOptions } from 'node:http2';
import { OutgoingRequest } from '../../../src/http/request.ts';
import { CLIENT_PREFACE, END_HEADERS, END_STREAM, HEADERS, SETTINGS } from '../../../src/http2/frames.ts';
import type { HeaderEncoder } from '../../../src/http2/hpack/header-encoder.ts';
import { connectTo } from './client.ts';
import { within } from './eventually.ts';
import { open } from './open.ts';
import { RawPeer, frame } from './raw-http2.ts';
import type { Sluice } from './sluice.ts';

export interface Got {
  readonly status: number;
  readonly fields: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders | undefined;
  /** Statuses of interim responses. */
  readonly interim: readonly number[];
}

export async function sessionTo(sluice: Sluice, tls?: SecureClientSessionOptions, listener?: string): Promise<ClientHttp2Session> {
  const port = sluice.portOf(listener);
  const session = tls === undefined ? connect(`http://127.0.0.1:${port}`) : connect(`https://127.0.0.1:${port}`, tls);
  session.on('error', () => undefined);
  open({ close: async () => session.destroy() });
  await within('connect', new Promise((resolve, reject) => session.once('remoteSettings', resolve).once('error', reject)));
  return session;
}

/** Rejects when the stream is reset. @param body undefined: the stream ends with the head */
export function askOn(session: ClientHttp2Session, fields: OutgoingHttpHeaders, body?: string | Buffer): Promise<Got> {
  const stream = session.request({ ':authority': 'a.test', ...fields }, { endStream: body === undefined });
  const interim: number[] = [];
  let head: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders | undefined;
  const pieces: Buffer[] = [];
  const asked = new Promise<Got>((resolve, reject) => {
    stream.on('headers', (got) => interim.push(Number(got[':status'])));
    stream.on('response', (got) => (head = got));
    stream.on('trailers', (got) => (trailers = got));
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('error', reject);
    stream.on('close', () => {
      resolve({ status: Number(head[':status']), fields: head, body: Buffer.concat(pieces).toString('latin1'), trailers, interim });
    });
  });
  if (body !== undefined) stream.end(body);
  return within(`response to ${String(fields[':path'])}`, asked);
}

/** A connection of which nothing is read but by hand; the preface and settings of both sides have been exchanged. */
export async function rawTo(sluice: Sluice, listener?: string): Promise<RawPeer> {
  const wire = await connectTo(sluice, listener);
  await wire.write(Buffer.concat([CLIENT_PREFACE, frame(SETTINGS, 0, 0)]));
  const peer = new RawPeer(wire);
  await peer.next(SETTINGS);
  return peer;
}

/** HEADERS of a request. Of each connection give one encoder. */
export function requestFrame(
  encoder: HeaderEncoder,
  streamId: number,
  path: string,
  { ends = true, method = 'GET', lines = '' } = {},
): Buffer {
  const request = new OutgoingRequest();
  request.method = method;
  request.target = path;
  request.block = lines;
  const into = Buffer.alloc(1024 + lines.length * 2);
  const end = encoder.encodeRequest(request, 'http', 'a.test', into, 0);
  return frame(HEADERS, END_HEADERS | (ends ? END_STREAM : 0), streamId, into.subarray(0, end));
}
