// What this machine says about names: /etc/hosts and the search list of /etc/resolv.conf. Files that are absent say nothing.

import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Clock } from '../../lib/clock.ts';

export interface SystemView {
  /** Addresses by name in lower case; see hosts(5). */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  readonly search: SearchList;
}

/** See resolv.conf(5). Another object when the file has changed. */
export interface SearchList {
  readonly domains: readonly string[];
  /** A name with at least this many dots is asked for as it stands first. */
  readonly ndots: number;
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;
const MAX_DOMAINS = 32;
const MAX_NAME_LENGTH = 253;
/** Of the files, whether they have changed. */
const LOOK_MS = 1000;

export class SystemNames {
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #hosts: Remembered<SystemView['hosts']>;
  readonly #search: Remembered<SearchList>;

  constructor(clock: Pick<Clock, 'nowMs'>, paths = { hosts: '/etc/hosts', resolvConf: '/etc/resolv.conf' }) {
    this.#clock = clock;
    this.#hosts = new Remembered(paths.hosts, parseHosts);
    this.#search = new Remembered(paths.resolvConf, parseSearchList);
  }

  /** What the files say, as of at most a second ago. Never rejects. */
  async read(): Promise<SystemView> {
    const atMs = this.#clock.nowMs();
    const [hosts, search] = await Promise.all([this.#hosts.read(atMs), this.#search.read(atMs)]);
    return { hosts, search };
  }
}

/** A file as it was last read; read again when its stamp is another. */
class Remembered<T> {
  readonly #path: string;
  readonly #parse: (text: string) => T;
  #stamp = '';
  #lookedMs = -Infinity;
  #looking: Promise<void> = Promise.resolve();
  #value: T | undefined;

  constructor(path: string, parse: (text: string) => T) {
    this.#path = path;
    this.#parse = parse;
  }

  async read(atMs: number): Promise<T> {
    if (atMs >= this.#lookedMs + LOOK_MS) {
      this.#lookedMs = atMs;
      this.#looking = this.#look();
    }
    await this.#looking;
    return (this.#value ??= this.#parse(''));
  }

  async #look(): Promise<void> {
    const found = await stat(this.#path).catch(() => undefined);
    const stamp = found === undefined ? 'absent' : `${found.ino} ${found.size} ${found.mtimeMs}`;
    if (stamp === this.#stamp) return;
    const readable = found?.isFile() === true && found.size <= MAX_FILE_BYTES;
    const text = readable ? await readFile(this.#path, 'latin1').catch(() => '') : '';
    this.#value = this.#parse(text);
    this.#stamp = stamp;
  }
}

export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = wordsOf(line);
    if (isIP(address) === 0) continue;
    for (const name of names) {
      const known = hosts.get(name.toLowerCase());
      if (known === undefined) hosts.set(name.toLowerCase(), [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  // RFC 6761, section 6.3: never a question for the network.
  if (!hosts.has('localhost')) hosts.set('localhost', ['127.0.0.1']);
  return hosts;
}

export function parseSearchList(text: string): SearchList {
  let domains: readonly string[] = [];
  let ndots = 1;
  for (const line of text.split('\n')) {
    const [word, ...rest] = wordsOf(line);
    // The last of them holds.
    if (word === 'search') domains = rest.slice(0, MAX_DOMAINS);
    if (word === 'domain') domains = rest.slice(0, 1);
    if (word !== 'options') continue;
    for (const option of rest) if (/^ndots:\d{1,4}$/.test(option)) ndots = Math.min(Number(option.slice('ndots:'.length)), 15);
  }
  return { domains: domains.map((domain) => domain.replace(/^\.+|\.+$/g, '')).filter((domain) => domain !== ''), ndots };
}

/** The names to ask for, in order. A name that ends with a dot stands for itself alone. */
export function candidates(name: string, { domains, ndots }: SearchList): readonly string[] {
  if (name.endsWith('.')) return [name];
  const searched = domains.map((domain) => `${name}.${domain}`).filter((candidate) => candidate.length <= MAX_NAME_LENGTH);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [name, ...searched] : [...searched, name];
}

function wordsOf(line: string): string[] {
  return line
    .replace(/[#;].*/, '')
    .split(/\s+/)
    .filter((word) => word !== '');
}
