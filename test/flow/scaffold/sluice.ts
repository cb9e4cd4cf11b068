// The real process: `sluice run` with a config in a temporary directory, ports from the kernel.
//
//   const sluice = await startSluice(configFor(upstream));       or any config object or YAML text; { workers: 2 } etc. as second argument
//   sluice.port, sluice.portOf('web'), sluice.adminPort, sluice.pid, sluice.dir
//   await sluice.metrics()                       one scrape: `.sum(name, labels)`
//   await sluice.metric(name, labels)            one value of a new scrape
//   await sluice.untilQuiet()                    waits until nothing is in flight and no client is connected
//   await sluice.turn()                          waits until worker 0 has handled what reached it before, and counted it
//   await sluice.counted(name, labels)           one value after a turn, where `metric` would be too early (see below)
//   await sluice.writeConfig(config)             replaces the file by rename
//   sluice.logs                                  stderr lines; JSON ones decoded: `.msg`, `.level`
//   sluice.expectLog(/pattern/)                  a warning or error that this test provokes
//   sluice.signal('SIGHUP'), sluice.rssBytes(), await sluice.exited
//   await sluice.close()                         SIGTERM (by closeAll, too): exit 0 and nothing unexpected on stderr, or it throws
//
// A worker counts an exchange after its response has left, and a close after it has closed: a client may know of both sooner than
// /metrics does. Right after a response ask `counted`, with one worker, or wait for the value with `eventually`, with several. A turn adds
// to what is counted by listener (connections, accepted ones, requests) and to requests without a pool, and to nothing else. It needs
// a config with a fixed response for it, as that of `configFor` has.
//
// Unexpected on stderr is all that is not a JSON log line of level info, unless `expectLog` named it or it says that a version or a mirror is out.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import type { NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { programOf } from '../../scaffold/program.ts';
import { eventually, within } from './eventually.ts';
import { Metrics } from './metrics.ts';
import { open } from './open.ts';
import { Wire } from './wire.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const START_MS = 20_000;
const STOP_MS = 20_000;
const INFO = 30;
const TURN_HOST = 'turn.sluice.test';
/** Tests probe far more often than anybody else does. */
const HASTY_PROBES = /health\.timeout: timeout is longer than interval/;
/** Flows spare themselves upstreams and routes: one upstream for several versions, a listener that is only bound. */
const SPARING = /is an endpoint of (?:version "[^"]*"|\w+ pool|version \\"[^"]*\\") as well|no route serves listener/;
/** Follows, a second later, whatever a test does to the endpoints of a version or a mirror: the test looks at that itself. */
const OUTAGE = /"msg":"(a version has no ready endpoint|a mirror pauses: its copies fail)"/;

export interface SluiceOptions {
  /** Default 1. */
  readonly workers?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Further arguments of `sluice run`. */
  readonly runArguments?: readonly string[];
  /** Arguments of node itself. */
  readonly nodeArguments?: readonly string[];
  /** A command that ends by executing its parameters, such as `['prlimit', '--nofile=256']`: the process stays the one that was spawned. */
  readonly within?: readonly string[];
}

export interface LogLine {
  readonly text: string;
  /** 30 info, 40 warn, 50 error; 100 for what is no log line. */
  readonly level: number;
  readonly msg: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export class Sluice {
  readonly dir: string;
  readonly configPath: string;
  readonly logs: LogLine[] = [];
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readyLine = '';
  /** What a clean end is, for a test that ends it otherwise. */
  exitCode: number | null = 0;
  readonly #process: ChildProcess;
  /** Scripted upstreams send what they like. */
  readonly #expected: RegExp[] = [OUTAGE, HASTY_PROBES, SPARING, /"msg":"malformed response"/];
  #gone = false;

  constructor(config: string, options: SluiceOptions) {
    this.dir = mkdtempSync(join(tmpdir(), 'sluice-flow-'));
    this.configPath = join(this.dir, 'sluice.yaml');
    writeFileSync(this.configPath, config);
    const run = [
      programOf(options.nodeArguments),
      'run',
      '--config',
      this.configPath,
      '--workers',
      String(options.workers ?? 1),
      ...(options.runArguments ?? []),
    ];
    const [program, ...parameters] = [...(options.within ?? []), process.execPath, ...(options.nodeArguments ?? []), ...run];
    this.#process = spawn(program!, parameters, {
      cwd: ROOT,
      env: { ...process.env, NODE_OPTIONS: '', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: this.#process.stdout! }).on('line', (line) => {
      if (line.startsWith('sluice ready: ')) this.readyLine = line;
    });
    createInterface({ input: this.#process.stderr! }).on('line', (line) => this.logs.push(readLog(line)));
    this.exited = new Promise((resolve) => {
      this.#process.on('close', (code, signal) => {
        this.#gone = true;
        resolve({ code, signal });
      });
    });
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** Our end of its stdout, to be paused or closed. */
  get stdout(): Readable {
    return this.#process.stdout!;
  }

  /** Port of the first listener. */
  get port(): number {
    return this.portOf();
  }

  get adminPort(): number {
    return Number(/, admin \S*:(\d+)(?:,|$)/.exec(this.readyLine)?.[1]);
  }

  /** Port of a listener by name; of the first without one. */
  portOf(name?: string): number {
    const listed = this.readyLine.slice('sluice ready: '.length).split(', ');
    const found = name === undefined ? listed[0] : listed.find((each) => each.startsWith(`${name} `));
    return Number(/:(\d+)$/.exec(found ?? '')?.[1]);
  }

  /** Where a client finds a listener by name; the first without one. */
  whereOf(name?: string): NetConnectOpts {
    const listed = this.readyLine.slice('sluice ready: '.length).split(', ');
    const found = name === undefined ? listed[0] : listed.find((each) => each.startsWith(`${name} `));
    const path = / unix:(.+)$/.exec(found ?? '')?.[1];
    return path === undefined ? { host: '127.0.0.1', port: this.portOf(name) } : { path };
  }

  async metrics(): Promise<Metrics> {
    return new Metrics(await this.#scrape());
  }

  async #scrape(): Promise<string> {
    const socketPath = /, admin unix:([^,]+)/.exec(this.readyLine)?.[1];
    if (socketPath === undefined) return (await fetch(`http://127.0.0.1:${this.adminPort}/metrics`)).text();
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath, path: '/metrics', agent: false, headers: { host: 'localhost' } });
      asked.once('response', (response) => void textOf(response).then(resolve, reject));
      asked.once('error', reject).end();
    });
  }

  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    return (await this.metrics()).sum(name, labels);
  }

  /** The same after a `turn`: with what worker 0 has done and had yet to count. */
  async counted(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    await this.turn();
    return this.metric(name, labels);
  }

  /** Waits until no exchange, attempt or copy is under way and no client is connected; `upstreams` = upstream connections that may stay. */
  async untilQuiet(upstreams = Infinity): Promise<void> {
    let seen = '';
    const look = async (): Promise<boolean> => {
      const metrics = await this.metrics();
      const clients = metrics.sum('sluice_connections');
      const exchanges = metrics.sum('sluice_requests_in_flight');
      const attempts = metrics.sum('sluice_endpoint_requests_in_flight');
      const connections = metrics.sum('sluice_endpoint_connections');
      const copies = metrics.sum('sluice_mirror_in_flight');
      seen = JSON.stringify({ clients, exchanges, attempts, connections, copies });
      return clients === 0 && exchanges === 0 && attempts === 0 && copies === 0 && connections >= 0 && connections <= upstreams;
    };
    await eventually('all gauges at 0', look).catch((error: unknown) => {
      throw new Error(`gauges stay at ${seen}`, { cause: error });
    });
  }

  /**
   * One round trip through worker 0: what reached the worker before it has been handled. On a fresh connection, for one that is kept
   * could overtake those that have yet to be accepted.
   */
  async turn(): Promise<void> {
    const wire = new Wire(connect(this.whereOf()));
    try {
      await wire.write(`GET / HTTP/1.1\r\nhost: ${TURN_HOST}\r\n\r\n`);
      await wire.readMessage();
    } finally {
      wire.destroy();
    }
  }

  /** Replaces the config file by rename, as editors do. */
  writeConfig(config: object | string): void {
    const fresh = join(this.dir, 'sluice.yaml.new');
    writeFileSync(fresh, configText(config));
    renameSync(fresh, this.configPath);
  }

  expectLog(pattern: RegExp): void {
    this.#expected.push(pattern);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Resident memory of the process. */
  rssBytes(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'latin1'))?.[1]) * 1024;
  }

  /** Lines on stderr that no test asked for. */
  unexpected(): readonly string[] {
    return this.logs
      .filter((line) => line.level > INFO && !this.#expected.some((pattern) => pattern.test(line.text)))
      .map((line) => line.text);
  }

  async close(): Promise<void> {
    if (!this.#gone) this.#process.kill('SIGTERM');
    const end = await within('exit after SIGTERM', this.exited, STOP_MS).catch((error: unknown) => {
      this.#process.kill('SIGKILL');
      throw error;
    });
    rmSync(this.dir, { recursive: true, force: true });
    const unexpected = this.unexpected();
    if (unexpected.length > 0) throw new Error(`unexpected on stderr:\n${unexpected.join('\n')}`);
    if (end.code !== this.exitCode)
      throw new Error(`exit code ${end.code}, signal ${end.signal}\n${this.logs.map((line) => line.text).join('\n')}`);
  }

  /** Resolves when the ready line has come. Rejects with what is on stderr when the process ends instead. */
  async untilReady(): Promise<this> {
    await eventually('the ready line', () => this.readyLine !== '' || this.#gone, START_MS);
    if (this.readyLine === '') throw new Error(`did not start:\n${this.logs.map((line) => line.text).join('\n')}`);
    return this;
  }
}

export async function startSluice(config: object | string, options: SluiceOptions = {}): Promise<Sluice> {
  return open(new Sluice(configText(config), options)).untilReady();
}

export interface ConfigParts {
  /** Endpoints of the sole version `v1`, or of each version by name. */
  readonly endpoints?: readonly string[] | Readonly<Record<string, readonly unknown[]>>;
  /** Further keys of the pool `shop`. */
  readonly pool?: object;
  /** Further keys of the listener `web`. */
  readonly listener?: object;
  /** Further keys of the route `shop`, which leads everything to the pool. */
  readonly route?: object;
  /** Routes beside it. */
  readonly routes?: readonly object[];
  /** Further keys of the config. */
  readonly top?: object;
}

/** A config with listener `web`, pool `shop`, route `shop`, ports from the kernel, nothing kept on disk. */
export function configFor(parts: ConfigParts | { readonly address: string }): object {
  const {
    endpoints = [],
    pool = {},
    listener = {},
    route = {},
    routes = [],
    top = {},
  }: ConfigParts = 'address' in parts ? { endpoints: [parts.address] } : parts;
  const byVersion = Array.isArray(endpoints)
    ? { v1: endpoints as readonly unknown[] }
    : (endpoints as Readonly<Record<string, readonly unknown[]>>);
  const versions = Object.fromEntries(Object.entries(byVersion).map(([name, list]) => [name, { endpoints: list }]));
  return {
    listeners: [{ name: 'web', address: '127.0.0.1:0', ...listener }],
    admin: { address: '127.0.0.1:0' },
    state: 'memory',
    drain: { timeout: '5s' },
    pools: { shop: { versions, outlier: { consecutive: 0 }, ...pool } },
    routes: [...routes, { name: 'turn', hosts: [TURN_HOST], respond: { status: 204 } }, { name: 'shop', pool: 'shop', ...route }],
    ...top,
  };
}

/** JSON is YAML. */
function configText(config: object | string): string {
  return typeof config === 'string' ? config : JSON.stringify(config, undefined, 2);
}

function readLog(text: string): LogLine {
  try {
    const fields = JSON.parse(text) as Record<string, unknown>;
    return { text, level: Number(fields['level']), msg: String(fields['msg']), fields };
  } catch {
    return { text, level: 100, msg: text, fields: {} };
  }
}
