// One conversation with the admin API over HTTP: bounded in time and size, never retried, never through a proxy.
// It knows HTTP and nothing of what is asked; a refusal becomes a Failure in refusal.ts.

import type { Agent, IncomingMessage, RequestOptions } from 'node:http';
import { after } from '../lib/clock.ts';
import type { Access } from './access.ts';
import { EXIT, Failure } from './failure.ts';
import { otherServer } from './other-server.ts';
import { unreachable, type Late } from './refusal.ts';

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
  readonly #access: Access;
  readonly #waitMs: number;
  readonly #http: HttpModule;
  readonly #agent: Agent;

  constructor(access: Access, waitMs = MAX_WAIT_MS) {
    this.address = access.address.text;
    this.#access = access;
    this.#waitMs = waitMs;
    this.#http = moduleFor(access.address.origin);
    this.#agent = new this.#http.Agent({ keepAlive: true, ...access.tls });
  }

  /** Any status is a response; no response in time is a Failure. */
  async ask(question: AdminQuestion): Promise<AdminResponse> {
    const sending = new Sending();
    const timer = after(this.#waitMs, () => sending.giveUp());
    const kind = question.method === 'GET' ? 'read' : 'write';
    try {
      const response = await this.#send(question, {}, sending);
      const other = otherServer(response, this.address, kind);
      if (other !== undefined) {
        response.destroy();
        throw other;
      }
      const text = await readAll(response);
      const isJson = String(response.headers['content-type']).includes('json');
      return { status: response.statusCode ?? 0, body: isJson ? parseJson(text) : text };
    } catch (error) {
      throw error instanceof Failure ? error : unreachable(this.address, sending.late ?? error, kind);
    } finally {
      timer.stop();
    }
  }

  /** A response whose body comes over time; it ends when `signal` says so or the server does. */
  async open(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
    const sending = new Sending();
    const timer = after(this.#waitMs, () => sending.giveUp());
    signal.addEventListener('abort', () => sending.abort.abort(), { once: true });
    try {
      return await this.#send({ method: 'GET', path, accept: 'text/event-stream' }, headers, sending);
    } catch (error) {
      throw unreachable(this.address, sending.late ?? error, 'read');
    } finally {
      timer.stop();
    }
  }

  async close(): Promise<void> {
    this.#agent.destroy();
  }

  #send(question: AdminQuestion, headers: Readonly<Record<string, string>>, sending: Sending): Promise<IncomingMessage> {
    const { body, text } = question;
    const sent = text ?? (body === undefined ? undefined : { type: 'application/json', text: JSON.stringify(body) });
    const options = this.#optionsOf(question, { ...headers, ...(sent !== undefined && { 'content-type': sent.type }) });
    return new Promise((resolve, reject) => {
      const request = this.#http.request(this.#access.address.origin, { ...options, signal: sending.abort.signal });
      request.once('socket', (socket) => {
        sending.stage = 'head';
        // One that is kept connects no more: a listener would stay on it with each question.
        if (!socket.connecting) return;
        sending.stage = 'connect';
        socket.once('connect', () => (sending.stage = 'head'));
      });
      request.once('response', (response) => {
        sending.stage = 'body';
        resolve(response);
      });
      request.on('error', reject);
      // A switch to another protocol ends in neither; after a response it changes nothing.
      request.once('close', () => reject(Object.assign(new Error('closed without a response'), { code: 'ECONNRESET' })));
      request.end(sent?.text);
    });
  }

  #optionsOf(
    { method, path, accept = 'application/json', expected }: AdminQuestion,
    headers: Readonly<Record<string, string>>,
  ): RequestOptions {
    const { address, token } = this.#access;
    return {
      method,
      path,
      agent: this.#agent,
      ...(address.socketPath === undefined ? {} : { socketPath: address.socketPath }),
      headers: {
        accept: `${accept}, application/problem+json`,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(expected === undefined ? {} : { 'if-match': `"${expected}"` }),
        ...headers,
      },
    };
  }
}

type HttpModule = Pick<typeof import('node:http'), 'request' | 'Agent'>;

/** Node's own client, got without an import: the names of an import include those that make Node load undici, and a person waits. */
function moduleFor(origin: string): HttpModule {
  return origin.startsWith('https:') ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http');
}

/** How far one request has come, and whether it took too long. */
class Sending {
  readonly abort = new AbortController();
  stage: Late['stage'] = 'connect';
  late: Late | undefined = undefined;

  giveUp(): void {
    this.late = { stage: this.stage };
    this.abort.abort();
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
