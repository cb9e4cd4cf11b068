// An AdminServer on a port of the kernel's choice, and a client that says exactly what it is told to say.

import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { expect } from 'vitest';
import { AdminServer } from '../../../src/admin/admin-server.ts';
import type { AdminServerOptions } from '../../../src/admin/admin-options.ts';
import { FakeControl } from './fake-control.ts';

export interface ReceivedResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** An object goes as JSON, text as it is. */
  readonly body?: unknown;
}

const servers: AdminServer[] = [];

export function closeAdmins(): Promise<unknown> {
  return Promise.all(servers.splice(0).map((server) => server.close()));
}

export async function openAdmin(parts: Partial<AdminServerOptions> & { readonly control?: FakeControl } = {}) {
  const control = parts.control ?? new FakeControl();
  const errors: Error[] = [];
  const server = new AdminServer({
    address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    metricsType: 'text/plain',
    ports: {
      ready: () => ({ ok: true, reason: '' }),
      metrics: () => Promise.resolve(Buffer.from('a 1\n')),
      onError: (error) => void errors.push(error),
    },
    env: {},
    ...parts,
    control,
  });
  servers.push(server);
  const bound = await server.listen();
  const port = bound.kind === 'tcp' ? bound.port : 0;
  return { server, control, errors, port, ask: (path: string, sent: Sent = {}) => ask(port, path, sent) };
}

export type Admin = Awaited<ReturnType<typeof openAdmin>>;

function ask(port: number, path: string, { method = 'GET', headers = {}, body }: Sent): Promise<ReceivedResponse> {
  const isText = typeof body === 'string' || Buffer.isBuffer(body) || body === undefined;
  const bytes = isText ? body : JSON.stringify(body);
  const type = isText ? {} : { 'content-type': 'application/json' };
  const length = bytes === undefined ? {} : { 'content-length': Buffer.byteLength(bytes) };
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method, agent: false, headers: { ...type, ...length, ...headers } });
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', reject);
      response.on('end', () => resolve(responseOf(response.statusCode ?? 0, response.headers, text)));
    });
    request.on('error', reject);
    request.end(bytes);
  });
}

function responseOf(status: number, headers: IncomingHttpHeaders, text: string): ReceivedResponse {
  const isJson = /^application\/(?:problem\+)?json/.test(headers['content-type'] ?? '') && text !== '';
  return { status, headers, text, json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {} };
}

/** The response is a problem of this status, and says so consistently. */
export function expectProblem(response: ReceivedResponse, status: number): Record<string, unknown> {
  expect({ status: response.status, text: response.text }).toMatchObject({ status });
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(response.json).toMatchObject({ type: 'about:blank', status, title: expect.any(String), detail: expect.any(String) });
  return response.json;
}
