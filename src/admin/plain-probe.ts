// A probe as an orchestrator sends it, served without the framework: an instance that is only ever asked whether it is well does not load it.
// A request that is anything else in any point is left to the app, so that nothing can come in here that the guard would refuse.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readiness } from './admin-options.ts';
import { PROBLEM_TYPE, problemDetails } from './problem-reply.ts';
import { SAFE_HEADERS } from './safe-headers.ts';

export interface ProbeReply {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export const ALIVE: ProbeReply = { status: 200, body: { status: 'ok' } };

export function readinessReply({ ok, reason }: Readiness): ProbeReply {
  return ok ? ALIVE : { status: 503, body: { reason, ...problemDetails(503, `Not ready: ${reason}.`) } };
}

/** Fields that the guard judges, and those of a body. */
const JUDGED: ReadonlySet<string> = new Set([
  'origin',
  'sec-fetch-site',
  'authorization',
  'content-type',
  'content-encoding',
  'content-length',
  'transfer-encoding',
]);

/** Undefined for a request that is to be judged by the app. The Host may be any: orchestrators name what they like. */
export function plainProbe(request: IncomingMessage, ready: () => Readiness): ProbeReply | undefined {
  const { method, url, rawHeaders } = request;
  if (method !== 'GET' || (url !== '/livez' && url !== '/readyz')) return undefined;
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase();
    if (name === 'host') hosts++;
    if (JUDGED.has(name)) return undefined;
  }
  if (hosts > 1) return undefined;
  return url === '/livez' ? ALIVE : readinessReply(ready());
}

export function sendProbe({ status, body, headers }: ProbeReply, response: ServerResponse): void {
  const text = JSON.stringify(body);
  const type = status === 200 ? 'application/json; charset=utf-8' : PROBLEM_TYPE;
  response.writeHead(status, { ...SAFE_HEADERS, ...headers, 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
