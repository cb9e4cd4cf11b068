// One conversation with the admin API over HTTP: bounded in time and size, never retried, never through a proxy.
// It knows HTTP and nothing of what is asked; what was refused becomes a Failure in refusal.ts.

import { Client, errors, type Dispatcher } from 'undici';
import { after } from '../lib/clock.ts';
import type { Access } from './access.ts';
import { EXIT, Failure } from './failure.ts';
import { unreachable } from './refusal.ts';

export interface AdminQuestion {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  /** Instead of `body`: a text that goes as it is. */
  readonly text?: { readonly type: string; readonly text: string } | undefined;
  /** Default: JSON. */
  readonly accept?: string | undefined;
  /** For If-Match. */
  readonly expected?: number | undefined;
}

export interface AdminResponse {
  readonly status: number;
  /** Decoded when it is JSON, else the text. */
  readonly body: unknown;
}

const MAX_WAIT_MS = 10_000;
const MAX_BYTES = 16 * 1024 * 1024;

export class AdminClient {
  /** As people write it. */
  readonly address: string;
  readonly #client: Client;
  readonly #token: string | undefined;
  readonly #waitMs: number;

  constructor({ address, token, tls }: Access, waitMs = MAX_WAIT_MS) {
    this.address = address.text;
    this.#token = token;
    this.#waitMs = waitMs;
    this.#client = new Client(address.origin, {
      ...(address.socketPath === undefined ? {} : { socketPath: address.socketPath }),
      connect: { timeout: waitMs, ...tls },
      headersTimeout: waitMs,
      bodyTimeout: waitMs,
    });
  }

  /** Any status is an answer; no answer in time is a Failure. */
  async ask(question: AdminQuestion): Promise<AdminResponse> {
    const abort = new AbortController();
    const late = after(this.#waitMs, () => abort.abort(new errors.HeadersTimeoutError('no response in time')));
    try {
      const { statusCode, headers, body } = await this.#client.request(this.#optionsOf(question, abort.signal));
      const text = await readAll(body);
      return { status: statusCode, body: String(headers['content-type']).includes('json') ? parseJson(text) : text };
    } catch (error) {
      throw error instanceof Failure ? error : unreachable(this.address, error, question.method === 'GET' ? 'read' : 'write');
    } finally {
      late.stop();
    }
  }

  /** An answer whose body comes over time; it ends when `signal` says so or the server does. */
  async open(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const options = this.#optionsOf({ method: 'GET', path }, signal);
    const all = { ...options.headers, accept: 'text/event-stream', ...headers };
    return this.#client.request({ ...options, headers: all, bodyTimeout: 0 }).catch((error: unknown) => {
      throw unreachable(this.address, error, 'read');
    });
  }

  async close(): Promise<void> {
    await this.#client.destroy();
  }

  #optionsOf({ method, path, body, text, accept = 'application/json', expected }: AdminQuestion, signal: AbortSignal) {
    const sent = text ?? (body === undefined ? undefined : { type: 'application/json', text: JSON.stringify(body) });
    return {
      method,
      path,
      signal,
      headers: {
        accept: `${accept}, application/problem+json`,
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(expected === undefined ? {} : { 'if-match': `"${expected}"` }),
        ...(sent === undefined ? {} : { 'content-type': sent.type }),
      },
      ...(sent === undefined ? {} : { body: sent.text }),
    };
  }
}

/** Path elements, each encoded. */
export function pathOf(...elements: readonly (string | number)[]): string {
  return elements.map((element) => `/${encodeURIComponent(element)}`).join('');
}

/** At most 16 MiB; more ends the connection. */
export async function readAll(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) {
      body.destroy();
      throw new Failure(EXIT.refused, 'the response has more than 16 MiB; it was not read');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The value of a JSON text; the text itself where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
