// A probe over HTTP: a GET, judged by the status and the body of its response.
// It follows no redirect and keeps no more of a response than BODY_MAX_BYTES.

import { Client } from 'undici';
import type { Dispatcher } from 'undici';
import type { HealthConfig, HealthExpectation } from '../../config/model.ts';
import { revealedFields } from '../../config/secret.ts';
import { dial } from './dial.ts';
import { findMismatch } from './json-fields.ts';
import type { Probe, ProbeEnd, ProbeResult } from './probe.ts';

/** What a response's body is searched in; the rest is not read. */
const MAX_BODY_BYTES = 64 * 1024;

/** Asks the endpoint over HTTP/1.1. The endpoint must have a TCP or Unix address. */
export const probeHttp: Probe = (endpoint, health, onEnd, manner) => {
  const { address, key } = endpoint;
  const host = address.kind === 'unix' ? 'localhost' : key;
  const dialed = dial(endpoint, manner);
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
};

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
    if (status >= 200 && !this.#expect.status.includes(status)) this.#end('status', `status ${status}`);
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Buffer): void {
    if (this.over) return;
    this.#pieces.push(piece.subarray(0, MAX_BODY_BYTES - this.#bytes));
    this.#bytes += piece.length;
    if (this.#bytes >= MAX_BODY_BYTES) this.#judge();
  }

  onResponseEnd(): void {
    this.#judge();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
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
