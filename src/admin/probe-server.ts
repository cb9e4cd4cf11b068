// What machines ask, on an address of its own: probes and metrics, and nothing else. It may be open to a whole network, and nobody there
// can use up what operators need.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Readiness } from './admin-options.ts';
import { isAllowedSite } from './origins.ts';
import { ALIVE, readinessReply, sendProbe } from './plain-probe.ts';
import type { ProbeReply } from './plain-probe.ts';
import { problemDetails } from './problem-reply.ts';
import { SAFE_HEADERS } from './safe-headers.ts';
import type { Scrapes } from './scrapes.ts';

export interface ProbeServerDeps {
  readonly ready: () => Readiness;
  readonly scrapes: Pick<Scrapes, 'text'>;
  readonly metricsType: string;
  readonly onError: (error: Error) => void;
}

export function probeListener({ ready, scrapes, metricsType, onError }: ProbeServerDeps): RequestListener {
  return (request, response) => {
    const refusal = refusalOf(request);
    if (refusal !== undefined) return sendProbe(refusal, response);
    const path = pathOf(request);
    if (path === '/livez') return sendProbe(ALIVE, response);
    if (path === '/readyz') return sendProbe(readinessReply(ready()), response);
    scrapes.text().then(
      (text) => sendMetrics(text, metricsType, response),
      (error: unknown) => {
        onError(error as Error);
        sendProbe(problem(500, 'The request could not be served.'), response);
      },
    );
  };
}

function refusalOf(request: IncomingMessage): ProbeReply | undefined {
  const { method = '', headers } = request;
  if (!PATHS.has(pathOf(request))) return problem(404, 'This address serves /livez, /readyz and /metrics alone.');
  if (method !== 'GET' && method !== 'HEAD')
    return { ...problem(405, 'This path has the methods GET, HEAD.'), headers: { allow: 'GET, HEAD' } };
  return isAllowedSite(headers, method, false) ? undefined : problem(403, 'The request comes from a web page of another origin.');
}

function sendMetrics(text: Buffer, type: string, response: ServerResponse): void {
  response.writeHead(200, { ...SAFE_HEADERS, 'content-type': type, 'content-length': text.length });
  response.end(text);
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '';
}

function problem(status: number, detail: string): ProbeReply {
  return { status, body: problemDetails(status, detail) };
}

const PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);
