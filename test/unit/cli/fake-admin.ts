// A small admin API for tests of its client: responds as the real one does, from state that the test sets, and keeps what was asked.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { AdminClient } from '../../../src/cli/admin-client.ts';
import type { AdminCall } from '../../../src/cli/admin-call.ts';
import { readAccess } from '../../../src/cli/access.ts';
import type { DrainOptions } from '../../../src/cli/drain.ts';
import type { EventsOptions } from '../../../src/cli/events.ts';
import type { ExchangesOptions } from '../../../src/cli/exchanges.ts';
import { EXIT, Failure, formatFailure } from '../../../src/cli/failure.ts';
import type { RevisionsOptions } from '../../../src/cli/revisions.ts';
import type { RollbackOptions } from '../../../src/cli/rollback.ts';
import type { SplitOptions } from '../../../src/cli/split.ts';
import type { StatusOptions } from '../../../src/cli/status.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { EXAMPLES } from '../../../src/api/contract.ts';
import type { ConfigDiff, Overview } from '../../../src/api/overview.ts';
import type { JournalLine } from '../../../src/api/journal.ts';
import type { PoolStatus } from '../../../src/api/pools.ts';
import type { RevisionSummary } from '../../../src/api/revisions.ts';
import { systemClock, type Clock } from '../../../src/lib/clock.ts';

export const NOW_MS = Date.UTC(2026, 0, 31, 3, 0, 0);

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly ifMatch: string | undefined;
  readonly authorization: string | undefined;
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

interface Scripted {
  readonly status: number;
  readonly body: unknown;
}

export class FakeAdmin {
  readonly asked: Asked[] = [];
  pools: PoolStatus[] = [shop()];
  revisions: RevisionSummary[] = history();
  journal: JournalLine[] = [];
  overview: Overview = {
    ...EXAMPLES.Overview,
    pools: [],
    findings: [],
    findingCount: 0,
    file: { ...EXAMPLES.FileOverview, differences: 0 },
  };
  configDiff: ConfigDiff = { ...EXAMPLES.ConfigDiff, file: this.overview.file, differences: [] };
  /** Whether a stream of events ends after the past. */
  cutsStreams = false;
  /** Returned instead of all else, by `METHOD /path`. */
  readonly scripted = new Map<string, Scripted | 'silence'>();
  /** Called when a request came and has its response. */
  onAsk: () => void = () => undefined;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => void this.#respond(request, response));
  }

  async listen(path?: string): Promise<void> {
    await new Promise<void>((resolve) =>
      path === undefined ? this.#server.listen(0, '127.0.0.1', resolve) : this.#server.listen(path, resolve),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const sent = await text(request);
    const body = sent === '' ? undefined : (JSON.parse(sent) as Record<string, unknown>);
    this.asked.push({ method, url, ifMatch: headers['if-match'], authorization: headers.authorization, body });
    const [path = '', query = ''] = url.split('?');
    const scripted = this.scripted.get(`${method} ${path}`);
    if (scripted === 'silence') return;
    if (path === '/v1/events' && scripted === undefined) return this.#stream(Number(headers['last-event-id'] ?? 0), response);
    const { status, body: found } = scripted ?? this.#route(method, path, new URLSearchParams(query), headers['if-match']);
    response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' });
    response.end(JSON.stringify(found));
    this.onAsk();
  }

  #route(method: string, path: string, query: URLSearchParams, ifMatch: string | undefined): Scripted {
    const revision = this.revisions[0]?.revision ?? 0;
    if (path === '/v1/journal') return { status: 200, body: this.#page(query) };
    if (path === '/v1/overview') return { status: 200, body: this.overview };
    if (path === '/v1/config/diff') return { status: 200, body: this.configDiff };
    const [, , kind, name, part] = path.split('/').map(decodeURIComponent);
    if (method === 'GET' && kind === 'pools' && name === undefined) return { status: 200, body: { revision, pools: this.pools } };
    if (kind === 'pools') {
      const pool = this.pools.find((each) => each.name === name);
      if (pool === undefined) return problem(404, `There is no pool "${name}".`);
      if (method === 'GET' && part === undefined) return { status: 200, body: pool };
      if (method === 'GET') return { status: 200, body: { pool: name, revision, workers: pool.workers, weights: pool.weights } };
    }
    if (method === 'GET' && name === undefined) {
      const before = Number(query.get('before') ?? Infinity);
      const page = this.revisions.filter((each) => each.revision < before).slice(0, Number(query.get('limit')));
      return { status: 200, body: { revision, revisions: page } };
    }
    if (method === 'GET') return { status: 200, body: this.revisions.find((each) => each.revision === Number(name)) };
    if (ifMatch !== undefined && ifMatch !== `"${revision}"`) return problem(412, `The current revision is ${revision}.`, { revision });
    const differences = [{ path: 'pools.shop.split.v1', before: '90', after: '100' }];
    if (query.get('dryRun') === 'true') return { status: 200, body: { revision, dryRun: true, differences } };
    return { status: 200, body: { revision: revision + 1, workers: { applied: 2, total: 2 }, differences } };
  }

  #page(query: URLSearchParams): object {
    const { after, limit, last } = Object.fromEntries([...query].map(([name, value]) => [name, Number(value)]));
    const fitting = this.journal.filter(({ seq, kind }) => seq > (after ?? 0) && kind === (query.get('kind') ?? kind));
    const lines = last === undefined ? fitting.slice(0, limit) : fitting.slice(-last);
    const next = last === undefined && fitting.length > lines.length ? lines.at(-1)?.seq : undefined;
    return { lines, next, first: this.journal[0]?.seq ?? 1, last: this.journal.at(-1)?.seq ?? 0 };
  }

  #stream(after: number, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': welcome\n\n');
    for (const line of this.journal.filter(({ seq }) => seq > after)) {
      response.write(`id: ${line.seq}\nevent: ${line.kind}\ndata: ${JSON.stringify(line)}\n\n`);
    }
    if (this.cutsStreams) response.end();
  }
}

export function problem(status: number, detail: string, more: object = {}): Scripted {
  return { status, body: { type: 'about:blank', title: 'x', status, detail, ...more } };
}

export class FakeTerminal implements Terminal {
  stdout = '';
  stderr = '';
  isScreen = false;
  isAttended = false;
  rows: number | undefined;
  clock: Clock = { ...systemClock, wallMs: () => NOW_MS };
  readonly questions: string[] = [];
  readonly #responses: string[];

  constructor(...responses: readonly string[]) {
    this.#responses = [...responses];
    this.isAttended = responses.length > 0;
  }

  out = (text: string): void => void (this.stdout += text);
  err = (text: string): void => void (this.stderr += text);
  paint = (_colour: string, text: string): string => text;

  ask(question: string): Promise<string> {
    this.questions.push(question);
    return Promise.resolve(this.#responses.shift() ?? '');
  }
}

type AnyOptions = ExchangesOptions &
  StatusOptions &
  RevisionsOptions &
  DrainOptions &
  EventsOptions &
  SplitOptions &
  RollbackOptions & { readonly json?: boolean; readonly token?: string };

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command against `where`, as `runAdminCommand` would. */
export async function runAgainst(
  where: string,
  options: AnyOptions,
  command: (call: AdminCall<AnyOptions>) => Promise<number> | Promise<void>,
  terminal = new FakeTerminal(),
): Promise<Ended> {
  const client = new AdminClient(readAccess({ admin: where, ...(options.token === undefined ? {} : { token: options.token }) }, {}), 2000);
  let code: number = EXIT.done;
  try {
    code = (await command({ client, terminal, options })) ?? EXIT.done;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    terminal.err(`${formatFailure(error)}\n`);
    code = error.exitCode;
  }
  return { code, stdout: terminal.stdout, stderr: terminal.stderr };
}

export function shop(): PoolStatus {
  return {
    name: 'shop',
    revision: 4,
    workers: { applied: 2, total: 2 },
    weights: { v1: 90, v2: 10 },
    versions: [
      {
        name: 'v1',
        weight: 90,
        share: 0.9,
        ready: true,
        draining: false,
        inFlight: 13,
        connections: 21,
        endpoints: [
          { address: '127.0.0.1:9001', weight: 1, zone: 'a', ready: true, reason: undefined, inFlight: 13, connections: 20 },
          { address: '127.0.0.1:9002', weight: 1, zone: undefined, ready: false, reason: 'unhealthy', inFlight: 0, connections: 1 },
        ],
      },
      {
        name: 'v2',
        weight: 10,
        share: 0.1,
        ready: true,
        draining: false,
        inFlight: 1,
        connections: 2,
        endpoints: [{ address: '127.0.0.1:9003', weight: 2, zone: undefined, ready: true, reason: undefined, inFlight: 1, connections: 2 }],
      },
    ],
    overrides: [{ name: 'qa', version: 'v2', origin: 'api' }],
    mirrors: [],
  };
}

/** Newest first. */
export function history(): RevisionSummary[] {
  const summary = (revision: number, ago: number, cause: string, reason: string, ...differences: RevisionSummary['differences']) => ({
    revision,
    atMs: NOW_MS - ago,
    author: cause === 'api' ? 'ci' : 'anonymous',
    reason,
    cause,
    differences,
  });
  return [
    summary(4, 65_000, 'file', '', { path: 'accessLog', before: 'off', after: '{"path":"stdout"}' }),
    summary(
      3,
      3 * 3_600_000,
      'api',
      'canary step 2',
      { path: 'pools.shop.split.v1', before: '95', after: '90' },
      { path: 'pools.shop.split.v2', before: '5', after: '10' },
    ),
    summary(2, 4 * 3_600_000, 'api', 'canary step 1', { path: 'pools.shop.split.v2', before: undefined, after: '5' }),
    summary(1, 3 * 86_400_000, 'start', ''),
  ];
}
