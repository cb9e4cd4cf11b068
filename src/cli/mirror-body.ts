// The body of `mirror set`, from what a person says on the command line: a start (a file, or the mirror that exists), and flags on top.
// It checks only what the API could not know; what a mirror may be, the API says.

import { parseText } from '../config/parse.ts';
import type { PoolStatus } from '../api/pools.ts';
import { isMap } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import { EXIT, Failure } from './failure.ts';
import { readText } from './read-text.ts';
import { visible } from '../lib/visible.ts';

export interface MirrorFlags {
  /** `v2`, `engine`, `engine/v2`, or `engine/`. */
  readonly to?: string | undefined;
  readonly percent?: number | undefined;
  readonly fraction?: string | undefined;
  readonly sample?: string | undefined;
  readonly method?: readonly string[] | undefined;
  /** Prefixes. */
  readonly path?: readonly string[] | undefined;
  /** `name=value`, or `name` alone: whatever its value. */
  readonly header?: readonly string[] | undefined;
  readonly sideEffects?: boolean | undefined;
  readonly compare?: boolean | undefined;
}

export interface MirrorTarget {
  /** Undefined for the pool of the mirror. */
  readonly pool?: string;
  /** Undefined where that pool splits its copies. */
  readonly version?: string;
}

const MAX_FILE_MIB = 1;

/** `start` with what the flags say instead: each replaces what says the same thing in other words, and nothing else. */
export function amendMirror(start: Plain, flags: MirrorFlags, target: MirrorTarget | undefined): Plain {
  const { percent, fraction, sample, sideEffects, compare } = flags;
  if (percent !== undefined && fraction !== undefined) throw new Failure(EXIT.usage, 'say --percent or --fraction, not both');
  const { pool, version, percent: _percent, fraction: _fraction, match, ...rest } = start;
  const share = percent !== undefined ? { percent } : fraction !== undefined ? { fraction } : { percent: _percent, fraction: _fraction };
  const condition = amendMatch(match, flags);
  return {
    ...(target ?? { pool, version }),
    ...share,
    ...rest,
    ...(condition !== undefined && { match: condition }),
    ...(sample !== undefined && { sample }),
    ...(sideEffects === true && { sideEffects: 'allow' }),
    ...(compare === true && { compare: start['compare'] ?? {} }),
  };
}

/** A mirror as YAML or JSON, without its name or with the one that was given; `-` is stdin. */
export async function readMirrorFile(file: string, name: string): Promise<Plain> {
  const place = file === '-' ? 'stdin' : file;
  const { source, problems } = parseText(place, await readText(file, MAX_FILE_MIB), { keys: 'version, percent and match' });
  if (source === undefined) {
    const lines = problems.map(({ line, column, message }) => `${place}:${line}:${column}: ${visible(message)}`);
    throw new Failure(EXIT.usage, `${place} holds no mirror`, lines);
  }
  const { name: named = name, ...mirror } = source.value as Plain;
  if (named === name) return mirror;
  throw new Failure(EXIT.usage, `${place} names the mirror ${visible(JSON.stringify(named))}, not ${JSON.stringify(name)}`, [
    'Leave the name out of it, or give the same.',
  ]);
}

/** What `--to` means: a word alone is a version of the mirror's pool or another pool, whichever there is. */
export function readTarget(text: string, owner: string, pools: readonly PoolStatus[]): MirrorTarget {
  const slash = text.indexOf('/');
  if (slash >= 0) {
    const [pool, version] = [text.slice(0, slash), text.slice(slash + 1)];
    if (pool === '') throw new Failure(EXIT.usage, `--to ${text} names no pool: write VERSION, POOL or POOL/VERSION`);
    if (version === '') return { pool };
    return pool === owner ? { version } : { pool, version };
  }
  const versions = pools.find(({ name }) => name === owner)?.versions.map(({ name }) => name) ?? [];
  const others = pools.map(({ name }) => name).filter((name) => name !== owner);
  if (versions.includes(text) && others.includes(text)) {
    throw new Failure(EXIT.usage, `${text} is a version of ${owner} and a pool`, [
      `Write --to ${owner}/${text}, or --to ${text}/ for the pool.`,
    ]);
  }
  if (others.includes(text)) return { pool: text };
  if (versions.includes(text) || versions.length === 0) return { version: text };
  throw new Failure(EXIT.refused, `there is no version of ${owner} and no pool with the name ${text}`, [
    `versions of ${owner}: ${versions.join(', ')}`,
    `other pools: ${others.join(', ') || 'none'}`,
  ]);
}

function amendMatch(match: unknown, { method, path, header }: MirrorFlags): unknown {
  if (method === undefined && path === undefined && header === undefined) return match;
  return {
    ...(isMap(match) ? match : {}),
    ...(method !== undefined && { methods: method.map((each) => each.toUpperCase()) }),
    ...(path !== undefined && { paths: path.map((prefix) => ({ prefix })) }),
    ...(header !== undefined && { headers: Object.fromEntries(header.map(readHeader)) }),
  };
}

function readHeader(text: string): readonly [string, unknown] {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  if (name === '') throw new Failure(EXIT.usage, '--header must be NAME=VALUE, or NAME alone for any value');
  return [name, at < 0 ? { present: true } : text.slice(at + 1)];
}
