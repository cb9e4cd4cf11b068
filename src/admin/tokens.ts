// The secrets that open the admin API, as digests. Files are read again when they change, so that secrets are rotated without a reload.
// A secret never leaves this file, and how long a search takes says nothing about the secrets.

import { createHash, timingSafeEqual } from 'node:crypto';
import { closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { AdminTokenConfig } from '../config/model.ts';
import { MAX_SECRET_LENGTH, faultOfSecret, mayChange, mendSecret } from '../config/token-secret.ts';
import { fileMark } from '../lib/file-mark.ts';
import type { Log } from '../lib/log.ts';
import { isOpenToOthers } from '../lib/open-to-others.ts';

export interface TokensDeps {
  readonly log: Pick<Log, 'error' | 'warn' | 'info'>;
  readonly nowMs: () => number;
  /** Environment of the process; read once per token. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether somebody without a token may change something. */
  readonly othersMayChange?: () => boolean;
}

interface LoadedToken {
  readonly config: AdminTokenConfig;
  /** Undefined while there is no usable secret. */
  digest: Buffer | undefined;
  /** Why there is none. */
  fault: string;
  /** Of the file that was read last: changes when it does. */
  mark: string;
}

/** Files are looked at no more often than this. */
const LOOK_MS = 1000;

export class Tokens {
  readonly #options: TokensDeps;
  #tokens: readonly LoadedToken[] = [];
  #configs: readonly AdminTokenConfig[] = [];
  #lookedMs = -Infinity;
  #isLockedOut = false;

  constructor(options: TokensDeps, configs: readonly AdminTokenConfig[]) {
    this.#options = options;
    this.configure(configs);
  }

  /** Whether any is configured, usable or not: without, nobody needs one. */
  get required(): boolean {
    return this.#tokens.length > 0;
  }

  /** The same ones again change nothing: each change of the config comes by here. */
  configure(configs: readonly AdminTokenConfig[]): void {
    if (isDeepStrictEqual(configs, this.#configs)) return;
    this.#configs = configs;
    this.#tokens = configs.map((config) => ({ config, digest: undefined, fault: '', mark: '' }));
    for (const token of this.#tokens)
      if (token.config.source.kind === 'env') this.#loadToken(token, this.#options.env[token.config.source.name]);
    this.#lookedMs = -Infinity;
    this.#isLockedOut = false;
    this.#look();
  }

  /** Whose secret this is. Compares with every one, whether an earlier one fits or not. */
  find(secret: string): AdminTokenConfig | undefined {
    this.#look();
    const digest = digestOf(secret);
    let found: AdminTokenConfig | undefined;
    for (const token of this.#tokens) {
      const fits = timingSafeEqual(token.digest ?? NOTHING, digest) && token.digest !== undefined;
      if (fits && found === undefined) found = token.config;
    }
    return found;
  }

  #look(): void {
    const now = this.#options.nowMs();
    if (now - this.#lookedMs < LOOK_MS) return;
    this.#lookedMs = now;
    for (const token of this.#tokens) if (token.config.source.kind === 'file') this.#lookAt(token, token.config.source.name);
    this.#tellLockout();
  }

  /** Told once, until a token that changes something can be used again. Where viewers alone are listed, the file changes everything. */
  #tellLockout(): void {
    const changing = this.#tokens.filter(({ config }) => mayChange(config));
    if (this.#options.othersMayChange?.() === true) return;
    const before = this.#isLockedOut;
    this.#isLockedOut = changing.length > 0 && changing.every(({ digest }) => digest === undefined);
    if (before || !this.#isLockedOut) return;
    const mend = changing.map(({ config, fault }) => mendSecret(config, fault)).join('; ');
    this.#options.log.error({ tokens: changing.map(({ config }) => config.name), mend }, LOCKED_OUT);
  }

  #lookAt(token: LoadedToken, path: string): void {
    const mark = fileMark(path);
    if (mark === token.mark) return;
    const isFirst = token.mark === '';
    token.mark = mark;
    const open = openness(path);
    if (open !== 'others may write it') this.#loadToken(token, readBounded(path));
    else this.#refuse(token, 'others may write its file, or replace it in its folder: take that right away (chmod go-w)');
    if (open === 'others may read it') this.#options.log.warn({ token: token.config.name, file: path }, OPEN);
    if (!isFirst && token.digest !== undefined)
      this.#options.log.info({ token: token.config.name }, 'a token of the admin API was read again');
  }

  #loadToken(token: LoadedToken, text: string | undefined): void {
    const secret = text?.trim();
    const fault = this.#faultOf(token, secret);
    if (fault === undefined) token.digest = digestOf(secret ?? '');
    else this.#refuse(token, fault);
  }

  #refuse(token: LoadedToken, fault: string): void {
    token.digest = undefined;
    token.fault = fault;
    const { name, source } = token.config;
    this.#options.log.warn({ token: name, [source.kind]: source.name, fault }, 'a token of the admin API is refused: nobody can use it');
  }

  /** What is wrong with a secret, in words that do not tell it. */
  #faultOf(token: LoadedToken, secret: string | undefined): string | undefined {
    const fault = faultOfSecret(secret);
    if (fault !== undefined || secret === undefined) return fault;
    const digest = digestOf(secret);
    const same = this.#tokens.find((other) => other !== token && other.digest !== undefined && timingSafeEqual(other.digest, digest));
    return same === undefined ? undefined : `it is the same as that of ${same.config.name}, so that it would not say who calls`;
  }
}

const LOCKED_OUT = 'nobody can change anything by the admin API: none of its tokens of the roles operator and admin can be used';

/** What a token without a secret is compared with, so that it takes as long. */
const NOTHING = Buffer.alloc(32);

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret, 'latin1').digest();
}

const OPEN = 'a token file of the admin API can be read by others: take that right away (chmod go-r)';

/** Of the file itself, also behind a link; a folder with the sticky bit lets nobody replace what is not theirs. */
function openness(path: string): 'others may write it' | 'others may read it' | undefined {
  const file = found(path);
  const folder = found(dirname(path));
  if (file === undefined || folder === undefined) return undefined;
  const isFolderOpen = isOpenToOthers(folder) && (folder.mode & 0o1000) === 0;
  if (isOpenToOthers(file) || isFolderOpen) return 'others may write it';
  return (file.mode & 0o004) === 0 ? undefined : 'others may read it';
}

/** Undefined where it cannot be looked at; nor can it be read then, which is told. */
function found(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** At most a little more than the longest secret; undefined when it cannot be read. Never waits for a pipe. */
function readBounded(path: string): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const bytes = Buffer.alloc(MAX_SECRET_LENGTH + 64);
    return bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0));
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
