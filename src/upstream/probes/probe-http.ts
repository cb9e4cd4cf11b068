// A probe over HTTP, of the version that the endpoint speaks: a GET, judged by the status and the body of its response.
// It follows no redirect and keeps no more of a response than BODY_MAX_BYTES.

import { connect } from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Client } from 'undici';
import type { Dispatcher } from 'undici';
import type { EndpointConfig, HealthConfig, HealthExpectation } from '../../config/model.ts';
import { revealedFields } from '../../config/secret.ts';
import { ALPN_HTTP2 } from '../../tls/protocols.ts';
import { dial } from './dial.ts';
import type { Dial, DialManner } from './dial.ts';
import { findMismatch } from './json-fields.ts';
import type { Probe, ProbeEnd, ProbeResult, Probing } from './probe.ts';

/** What a response's body is searched in; the rest is not read. */
const MAX_BODY_BYTES = 64 * 1024;

/** Asks the endpoint. It must have a TCP or Unix address. */
export const probeHttp: Probe = (endpoint, health, onEnd, manner) => {
  const { protocol, tls } = manner;
  const isHttp1 = protocol === 'http1' || (protocol === 'auto' && tls === undefined);
  return isHttp1 ? probeHttp1(endpoint, health, onEnd, manner, dial(endpoint, manner)) : probeEither(endpoint, health, onEnd, manner);
};

/** Over the protocol that the connection turns out to speak. */
const probeEither: Probe = (endpoint, health, onEnd, manner) => {
  const dialed = dial(endpoint, manner);
  let cancelled = false;
  let probing: Probing | undefined;
  dialed.connect({}, (error, socket) => {
    if (cancelled) return;
    if (error !== null) return onEnd('connect', error.message);
    const choice = socket instanceof TLSSocket ? socket.alpnProtocol : ALPN_HTTP2;
    const open: Dial = { connect: (_options: unknown, onOpen) => onOpen(null, socket), cancel: () => socket.destroy() };
    // What Node's client does not send it throws: a field of a connection in the config.
    try {
      probing = choice === ALPN_HTTP2 ? probeHttp2(endpoint, health, onEnd, socket) : probeHttp1(endpoint, health, onEnd, manner, open);
    } catch (fault) {
      socket.destroy();
      onEnd('broken', fault instanceof Error ? fault.message : String(fault));
    }
  });
  return {
    cancel: () => {
      cancelled = true;
      dialed.cancel();
      probing?.cancel();
    },
  };
};

function hostOf({ address, key }: EndpointConfig): string {
  return address.kind === 'unix' ? 'localhost' : key;
}

/** By Node's own client: one that fails an assertion on a connection that ends would end the process. */
function probeHttp2(endpoint: EndpointConfig, health: HealthConfig, onEnd: ProbeEnd, socket: Socket): Probing {
  const host = hostOf(endpoint);
  const session = connect(`http://${host}`, { createConnection: () => socket });
  const response = new ProbeResponse(health, (result, detail) => {
    session.destroy();
    onEnd(result, detail);
  });
  response.connected = true;
  const fail = (error?: Error): void => response.fail(error ?? new Error('the connection was closed'));
  session.on('error', fail).on('close', fail);
  const fields = fieldsOf(health, host);
  const given: Record<string, string> = { ':path': health.path, ':scheme': socket instanceof TLSSocket ? 'https' : 'http' };
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at]!.toLowerCase();
    given[name === 'host' ? ':authority' : name] = fields[at + 1]!;
  }
  const stream = session.request(given);
  stream
    .on('response', (head) => response.head(head[':status'] ?? 0))
    .on('data', (piece: Buffer) => response.content(piece))
    .on('end', () => response.whole())
    .on('error', fail);
  return {
    cancel: () => {
      response.over = true;
      session.destroy();
    },
  };
}

function probeHttp1(endpoint: EndpointConfig, health: HealthConfig, onEnd: ProbeEnd, manner: DialManner, dialed: Dial): Probing {
  const host = hostOf(endpoint);
  const client = new Client(`${manner.tls === undefined ? 'http' : 'https'}://${host}`, {
    connect: dialed.connect,
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
  });
  let cancelled = false;
  const response = new ProbeResponse(health, (result, detail) => {
    void client.destroy();
    // What cannot even be sent is told before `dispatch` returns.
    queueMicrotask(() => {
      if (!cancelled) onEnd(result, detail);
    });
  });
  client.on('connect', () => (response.connected = true));
  client.dispatch({ method: 'GET', path: health.path, headers: fieldsOf(health, host), reset: true }, response);
  return {
    cancel: () => {
      cancelled = true;
      response.over = true;
      dialed.cancel();
      void client.destroy();
    },
  };
}

/** What the config says replaces our own fields of the name. */
function fieldsOf(health: HealthConfig, host: string): string[] {
  const own = [
    ['host', health.host ?? host],
    ['user-agent', 'sluice-probe'],
    ['accept', '*/*'],
  ];
  const named = new Set(health.headers.map(([name]) => name.toLowerCase()));
  return [...own.filter(([name = '']) => !named.has(name)), ...revealedFields(health.headers)].flat();
}

class ProbeResponse implements Dispatcher.DispatchHandler {
  connected = false;
  over = false;
  readonly #expect: HealthExpectation;
  readonly #settle: ProbeEnd;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(health: HealthConfig, settle: ProbeEnd) {
    this.#expect = health.expect;
    this.#settle = settle;
  }

  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.head(status);
  }

  head(status: number): void {
    if (status >= 200 && !this.#expect.status.includes(status)) this.#end('status', `status ${status}`);
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Buffer): void {
    this.content(piece);
  }

  content(piece: Buffer): void {
    if (this.over) return;
    this.#pieces.push(piece.subarray(0, MAX_BODY_BYTES - this.#bytes));
    this.#bytes += piece.length;
    if (this.#bytes >= MAX_BODY_BYTES) this.#judge();
  }

  onResponseEnd(): void {
    this.whole();
  }

  whole(): void {
    this.#judge();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.fail(error);
  }

  fail(error: Error): void {
    this.#end(this.connected ? 'broken' : 'connect', error.message);
  }

  #judge(): void {
    if (this.over) return;
    const { body, json } = this.#expect;
    const bytes = Buffer.concat(this.#pieces);
    if (body !== undefined && !bytes.includes(body)) return this.#end('body', 'the expected text is not in the body');
    const mismatch = Object.keys(json).length > 0 ? findMismatch(bytes, json) : undefined;
    if (mismatch === undefined) this.#end('ok', '');
    else this.#end('body', this.#bytes > MAX_BODY_BYTES ? `the body is longer than ${MAX_BODY_BYTES} bytes: ${mismatch}` : mismatch);
  }

  #end(result: ProbeResult, detail: string): void {
    if (this.over) return;
    this.over = true;
    this.#settle(result, detail);
  }
}
