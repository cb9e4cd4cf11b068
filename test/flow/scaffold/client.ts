// Raw clients. `connectTo(sluice)` gives a Wire to its first listener (or to the named one); `ask` is one request on a fresh
// connection that is closed afterwards.

import { connect } from 'node:net';
import type { NetConnectOpts } from 'node:net';
import { open } from './open.ts';
import type { Sluice } from './sluice.ts';
import { Wire } from './wire.ts';
import type { Message } from './wire.ts';

/** A connected client; closed by `closeAll`. */
export async function connectTo(sluice: Sluice, listener?: string): Promise<Wire> {
  return connectAt(sluice.whereOf(listener));
}

export async function connectAt(where: NetConnectOpts): Promise<Wire> {
  const socket = connect({ ...where, allowHalfOpen: true });
  const wire = open(new Wire(socket));
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return wire;
}

/** Sends exactly `request` on a new connection, reads one response, closes. */
export async function ask(sluice: Sluice, request: string, listener?: string): Promise<Message> {
  const wire = await connectTo(sluice, listener);
  try {
    await wire.write(request);
    return await wire.readMessage(request.slice(0, request.indexOf(' ')));
  } finally {
    wire.destroy();
  }
}

/** `GET path HTTP/1.1` with a host and the given field lines. */
export function get(path = '/', ...fields: string[]): string {
  return requestText('GET', path, fields);
}

/** `POST path HTTP/1.1` with a body by Content-Length. */
export function post(path: string, body: string, ...fields: string[]): string {
  return requestText('POST', path, [...fields, `content-length: ${body.length}`]) + body;
}

export function requestText(method: string, path: string, fields: readonly string[] = []): string {
  return [`${method} ${path} HTTP/1.1`, 'host: a.example', ...fields, '', ''].join('\r\n');
}
