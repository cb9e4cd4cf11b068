// One conversation with the admin API over HTTP: bounded in time and size, never retried, never through a proxy.
// It knows HTTP and nothing of what is asked; what was refused becomes a Failure in refusal.ts.

import type { IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http';
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

/** A response whose body comes over time. */
export interface AdminStream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: AsyncIterable<Buffer> & { destroy(): unknown };
}

export class AdminClient {
  /** As people write it. */
  readonly address: string;
  readonly #access: Access;
  readonly #waitMs: number;

  constructor(access: Access, waitMs = MAX_WAIT_MS) {
    this.address = access.address.text;
    this.#access = access;
    this.#waitMs = waitMs;
  }

  /** Resolves for any status; no response in time is a Failure. */
  async ask(question: AdminQuestion): Promise<AdminResponse> {
    const abort = new AbortController();
    let stage: Stage = 'CONNECT_TIMEOUT';
    const late = after(this.#waitMs, () => abort.abort());
    try {
      const { status, headers, body } = await this.#send(question, { signal: abort.signal }, (reached) => (stage = reached));
      const text = await readAll(body);
      return { status, body: String(headers['content-type']).includes('json') ? parseJson(text) : text };
    } catch (error) {
      if (error instanceof Failure) throw error;
      const cause = abort.signal.aborted ? Object.assign(new Error('no response in time'), { code: stage }) : error;
      throw unreachable(this.address, cause, question.method === 'GET' ? 'read' : 'write');
    } finally {
      late.stop();
    }
  }

  /** A response whose body comes over time; it ends when `signal` says so or the server does. */
  async open(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<AdminStream> {
    const late = new AbortController();
    let stage: Stage = 'CONNECT_TIMEOUT';
    const timer = after(this.#waitMs, () => late.abort());
    try {
      const options = { signal: AbortSignal.any([signal, late.signal]), headers: { accept: 'text/event-stream', ...headers } };
      return await this.#send({ method: 'GET', path }, options, (reached) => (stage = reached));
    } catch (error) {
      const cause = late.signal.aborted ? Object.assign(new Error('no response in time'), { code: stage }) : error;
      throw unreachable(this.address, cause, 'read');
    } finally {
      timer.stop();
    }
  }

  /** On a connection of its own: an idle one could end just when it is used again. Resolves when the head of the response is there. */
  #send(question: AdminQuestion, options: RequestOptions, onStage: (stage: Stage) => void): Promise<AdminStream> {
    const { address, tls } = this.#access;
    // An import would evaluate all that the module names, which loads the HTTP client of fetch: tens of milliseconds for each command.
    const { request } = process.getBuiltinModule(address.origin.startsWith('https:') ? 'node:https' : 'node:http');
    const text = textOf(question);
    const { socketPath } = address;
    return new Promise((resolve, reject) => {
      const asked = request(`${address.origin}${question.path}`, {
        ...options,
        ...tls,
        agent: false,
        method: question.method,
        headers: { ...this.#headersOf(question, text), ...options.headers },
        ...(socketPath === undefined ? {} : { socketPath }),
      });
      asked.on('error', reject);
      asked.once('socket', (socket) => void socket.once('connect', () => onStage('HEADERS_TIMEOUT')));
      asked.once('response', (response: IncomingMessage) => {
        onStage('BODY_TIMEOUT');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response });
      });
      asked.end(text);
    });
  }

  #headersOf({ body, text, accept = 'application/json', expected }: AdminQuestion, sent: string | undefined): Record<string, string> {
    const { token } = this.#access;
    const type = text?.type ?? (body === undefined ? undefined : 'application/json');
    return {
      accept: `${accept}, application/problem+json`,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(expected === undefined ? {} : { 'if-match': `"${expected}"` }),
      ...(type === undefined ? {} : { 'content-type': type }),
      ...(sent === undefined ? {} : { 'content-length': String(Buffer.byteLength(sent)) }),
    };
  }
}

/** What the client waited for when its time was over: the code of the error that tells so. */
type Stage = 'CONNECT_TIMEOUT' | 'HEADERS_TIMEOUT' | 'BODY_TIMEOUT';

function textOf({ body, text }: AdminQuestion): string | undefined {
  return text?.text ?? (body === undefined ? undefined : JSON.stringify(body));
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
