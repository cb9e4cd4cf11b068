// The certificates of listeners, versions and the admin API while an instance runs: reads them for a config, looks whether their files change, and
// hands what is new and fits together to the workers and the admin API. What is bad is told and not used; the last good ones stay. Also shares the seed of the ticket keys, and renews it.

import { stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { formatPath } from '../../config/path.ts';
import type { VersionTlsConfig } from '../../config/model.ts';
import type { Finding } from '../../api/overview.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { ListenerFiles, TlsUpdate, UpstreamFiles } from '../ports.ts';
import { certificateFindings } from './certificate-findings.ts';
import { NO_TLS_FILES, TlsFileFault, readTlsFiles, tlsFilesOf } from './tls-files.ts';
import type { Certified, TlsFiles } from './tls-files.ts';

const LOOK_MS = 500;
/** A pair that does not fit is given so long: a certificate and its key are written one after the other. */
const UNFIT_MS = 2000;
/** Of the keys of session tickets; a ticket is good for two hours, and one of the keys before for none. */
const TICKET_SEED_MS = 12 * 3_600_000;
/** How often ends that are near are looked for. */
const EXPIRY_LOOK_MS = 3_600_000;

export interface CertificatesDeps {
  /** Hands them to all workers. Never rejects. */
  readonly tell: (update: TlsUpdate) => Promise<unknown>;
  /** Of the process before; undefined: a new one. */
  readonly firstSeed?: string | undefined;
  readonly newSeed: () => string;
  readonly clock: Clock;
  readonly log: Log;
}

interface Fault {
  readonly message: string;
  readonly sinceMs: number;
}

type UpstreamTls = UpstreamFiles & Pick<VersionTlsConfig, 'verify' | 'minVersion' | 'serverName'>;

/** By pool and version: probes ask for one each time. */
type Upstreams = ReadonlyMap<string, UpstreamTls>;

export class Certificates {
  readonly #deps: CertificatesDeps;
  #seed: string;
  #seedMs: number;
  /** That of a config on its way. */
  #coming: Upstreams | undefined = undefined;
  #config: Certified = { listeners: [], pools: [], admin: { tls: undefined } };
  /** All that it names. */
  #files: readonly string[] = [];
  #read = NO_TLS_FILES;
  #upstreams: Upstreams = new Map();
  #stamp = '';
  /** Of what is on disk and not in use. */
  #unfitSinceMs: number | undefined = undefined;
  #fault: Fault | undefined = undefined;
  #looking: Timer | undefined = undefined;
  #busy: Promise<void> | undefined = undefined;
  #expiryMs = -Infinity;
  #told = '';
  #onAdmin: (files: ListenerFiles) => void = () => undefined;

  constructor(deps: CertificatesDeps) {
    this.#deps = deps;
    this.#seed = deps.firstSeed ?? deps.newSeed();
    this.#seedMs = deps.clock.nowMs();
  }

  /** Of the keys of session tickets: who has it resumes them. */
  get seed(): string {
    return this.#seed;
  }

  /** What a config needs, which is on its way: `follow` or `forget` comes after it. Rejects with a `TlsFileFault`. */
  async prepare(config: Certified): Promise<TlsFiles> {
    const read = await readTlsFiles(config);
    this.#coming = upstreamsOf(config, read);
    return read;
  }

  /** The config that was prepared does not come. */
  forget(): void {
    this.#coming = undefined;
  }

  /** Who takes those of the admin API when their files have changed. */
  onAdmin(take: (files: ListenerFiles) => void): void {
    this.#onAdmin = take;
  }

  /** As the workers take it. */
  update({ listeners, upstreams }: TlsFiles): TlsUpdate {
    return { ticketSeed: this.#seed, listeners, upstreams };
  }

  /** As they were read last: the files may have changed since their config was put in force. */
  get inUse(): TlsFiles {
    return this.#read;
  }

  /** This config is in force, with these certificates. */
  follow(config: Certified, read: TlsFiles): void {
    this.#coming = undefined;
    this.#config = config;
    this.#files = tlsFilesOf(config);
    this.#take(read);
    this.#expiryMs = -Infinity;
    this.#stamp = '';
    if (this.#files.length === 0) {
      this.#looking?.stop();
      this.#looking = undefined;
    } else this.#looking ??= this.#deps.clock.every(LOOK_MS, () => this.#look(), { unref: true });
  }

  /** What connections to the endpoints of a version are made with; undefined: they speak plaintext. */
  tlsOf(pool: string, version: string): UpstreamTls | undefined {
    // Probes of what is coming begin before it is in force.
    return (this.#coming ?? this.#upstreams).get(keyOf(pool, version));
  }

  /** What is wrong, or will be. */
  findings(): readonly Finding[] {
    const faults: Finding[] =
      this.#fault === undefined
        ? []
        : [
            {
              severity: 'error',
              code: 'certificate-refused',
              place: 'tls',
              message: `New certificates are not used, the ones before serve on: ${this.#fault.message}.`,
              sinceMs: this.#fault.sinceMs,
            },
          ];
    return [...faults, ...certificateFindings(this.#read.own, this.#deps.clock.wallMs())];
  }

  /** Seconds until the end of each, below zero when it is past. */
  lines(): readonly (readonly [Readonly<Record<string, string>>, number])[] {
    const atMs = this.#deps.clock.wallMs();
    return this.#read.own.map(({ place, certFile, pair }) => [{ place, file: certFile }, Math.round((pair.notAfterMs - atMs) / 1000)]);
  }

  /** After it resolves nothing is told any more. */
  async close(): Promise<void> {
    this.#looking?.stop();
    this.#looking = undefined;
    await this.looked();
  }

  /** Resolves when the look at the files that is under way is over. */
  async looked(): Promise<void> {
    await this.#busy;
  }

  #look(): void {
    this.#busy ??= this.#check().finally(() => (this.#busy = undefined));
  }

  async #check(): Promise<void> {
    const config = this.#config;
    const { clock } = this.#deps;
    this.#tellExpiry();
    // The workers may have what is coming by now: with what was before they would lack the certificates of new listeners.
    if (this.#coming !== undefined) return;
    if (clock.nowMs() - this.#seedMs >= TICKET_SEED_MS) {
      this.#seed = this.#deps.newSeed();
      this.#seedMs = clock.nowMs();
      await this.#deps.tell(this.update(this.#read));
    }
    const stamp = await stampOf(this.#files);
    if (stamp === this.#stamp || this.#looking === undefined || config !== this.#config || this.#coming !== undefined) return;
    let read: TlsFiles;
    try {
      read = await readTlsFiles(config);
    } catch (error) {
      if (config === this.#config && this.#coming === undefined) this.#refuse(error, stamp);
      return;
    }
    // They may have changed while they were read, and a reload may have come between.
    if ((await stampOf(this.#files)) !== stamp || config !== this.#config || this.#coming !== undefined) return;
    this.#stamp = stamp;
    if (isDeepStrictEqual(read, this.#read)) return this.#take(this.#read);
    this.#take(read);
    this.#expiryMs = -Infinity;
    if (read.admin !== undefined) this.#onAdmin(read.admin);
    await this.#deps.tell(this.update(read));
    this.#deps.log.info({ certificates: read.own.map(({ certFile }) => certFile) }, 'new certificates are served');
  }

  #take(read: TlsFiles): void {
    this.#read = read;
    this.#upstreams = upstreamsOf(this.#config, read);
    this.#unfitSinceMs = undefined;
    this.#fault = undefined;
    this.#told = '';
  }

  /** A fault that lasts is told once; until then it may be that half of the files are written. */
  #refuse(error: unknown, stamp: string): void {
    const { clock, log } = this.#deps;
    this.#unfitSinceMs ??= clock.nowMs();
    if (clock.nowMs() - this.#unfitSinceMs < UNFIT_MS) return;
    this.#stamp = stamp;
    // What is written next gets as long.
    this.#unfitSinceMs = undefined;
    const message = error instanceof TlsFileFault ? `${formatPath(error.path)}: ${error.message}` : String(error);
    this.#fault = { message, sinceMs: this.#fault?.sinceMs ?? clock.wallMs() };
    if (message === this.#told) return;
    this.#told = message;
    log.error({ reason: message }, 'new certificates are not used, the ones before serve on');
  }

  #tellExpiry(): void {
    const { clock, log } = this.#deps;
    if (clock.nowMs() - this.#expiryMs < EXPIRY_LOOK_MS) return;
    this.#expiryMs = clock.nowMs();
    for (const { message } of certificateFindings(this.#read.own, clock.wallMs())) log.warn({}, message);
  }
}

/** Changes with any of the files, also when a link leads to another one. */
async function stampOf(files: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ dev, ino, size, mtimeMs, ctimeMs }) => [dev, ino, size, mtimeMs, ctimeMs].join(),
        () => '',
      ),
    ),
  );
  return stamps.join(' ');
}

function upstreamsOf({ pools }: Certified, { upstreams }: TlsFiles): Upstreams {
  const files = new Map(upstreams.map((each) => [keyOf(each.pool, each.version), each]));
  const found = new Map<string, UpstreamTls>();
  for (const { name: pool, versions } of pools)
    for (const { name, tls } of versions) {
      const key = keyOf(pool, name);
      const read = files.get(key);
      if (tls === undefined || read === undefined) continue;
      const { verify, minVersion, serverName } = tls;
      found.set(key, { ...read, verify, minVersion, serverName });
    }
  return found;
}

function keyOf(pool: string, version: string): string {
  return `${pool}\n${version}`;
}
