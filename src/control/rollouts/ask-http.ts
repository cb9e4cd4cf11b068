// One bounded request over HTTP/1.1, off the data path: webhooks, queries, smoke requests. It follows no redirect.

import type { Client as HttpClient, Dispatcher } from 'undici';

export interface Question {
  readonly url: URL;
  readonly method: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | undefined;
  /** Over all: connecting, sending and reading. */
  readonly timeoutMs: number;
  /** A longer response is cut. */
  readonly maxBytes: number;
  /** Undefined: to the host of the URL. */
  readonly dial?: Dial;
}

/** How a connection is made that is not to the host of a URL. */
export interface Dial {
  readonly connect: NonNullable<HttpClient.Options['connect']>;
  /** Gives up what is being connected. */
  cancel(): void;
}

export type HttpResult =
  | { readonly status: number; readonly body: string; readonly isCut: boolean }
  /** No response: says why in a few words. */
  | { readonly fault: string };

/** Never rejects. @param end ends it from outside */
export async function askHttp(question: Question, end?: AbortSignal): Promise<HttpResult> {
  // Loaded when it is first needed: it costs a start 16 MB.
  const { Client } = await import('undici');
  const { url, method, headers, body, timeoutMs, maxBytes, dial } = question;
  const client = new Client(url.origin, { allowH2: false, ...(dial !== undefined && { connect: dial.connect }) });
  const late = AbortSignal.timeout(timeoutMs);
  try {
    const response = await client.request({
      method: method as Dispatcher.HttpMethod,
      path: `${url.pathname}${url.search}`,
      headers: headers.flat(),
      body: body ?? null,
      signal: end === undefined ? late : AbortSignal.any([late, end]),
    });
    const { text, isCut } = await readBody(response.body, maxBytes);
    return { status: response.statusCode, body: text, isCut };
  } catch (error) {
    return { fault: late.aborted ? `no response within ${timeoutMs} ms` : faultOf(error) };
  } finally {
    dial?.cancel();
    void client.destroy().catch(() => undefined);
  }
}

async function readBody(body: AsyncIterable<Buffer>, maxBytes: number): Promise<{ readonly text: string; readonly isCut: boolean }> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body) {
    parts.push(part.subarray(0, maxBytes - bytes));
    bytes += part.length;
    if (bytes > maxBytes) return { text: Buffer.concat(parts).toString(), isCut: true };
  }
  return { text: Buffer.concat(parts).toString(), isCut: false };
}

function faultOf(error: unknown): string {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  if (code === 'ECONNREFUSED') return 'the connection was refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the name does not resolve';
  return (message ?? 'no response').slice(0, 200);
}
