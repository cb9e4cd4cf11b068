// Who asks the admin API, and where: options first, then the environment, then the defaults. It never prints a token.

import { readFileSync } from 'node:fs';
import { DEFAULT_ADMIN, parseAdminAddress, type AdminAddress } from './admin-address.ts';
import { EXIT, Failure } from './failure.ts';

export interface AccessOptions {
  readonly admin?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface Access {
  readonly address: AdminAddress;
  readonly token: string | undefined;
  /** PEM texts, for https. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

export type Environment = Readonly<Record<string, string | undefined>>;

const MAX_FILE_LENGTH = 1024 * 1024;

/** Ends the command when an address is malformed or a file cannot be read. */
export function readAccess(options: AccessOptions, env: Environment): Access {
  const { caFile, certFile, keyFile } = options;
  return {
    address: parseAdminAddress(options.admin ?? nonEmpty(env['SLUICE_ADMIN']) ?? DEFAULT_ADMIN),
    token: readToken(options, env),
    tls: {
      ...(caFile === undefined ? {} : { ca: readText(caFile, '--ca-file') }),
      ...(certFile === undefined ? {} : { cert: readText(certFile, '--cert-file') }),
      ...(keyFile === undefined ? {} : { key: readText(keyFile, '--key-file') }),
    },
  };
}

function readToken(options: AccessOptions, env: Environment): string | undefined {
  const { token, tokenFile } = options;
  if (token !== undefined && tokenFile !== undefined) throw new Failure(EXIT.usage, 'give --token or --token-file, not both');
  const text = token ?? (tokenFile === undefined ? nonEmpty(env['SLUICE_TOKEN']) : readText(tokenFile, '--token-file'));
  const trimmed = text?.trim();
  if (trimmed === undefined) return undefined;
  // What a header field may carry; anything else is a wrong file.
  if (!/^[\x21-\x7e]{1,4096}$/.test(trimmed)) throw new Failure(EXIT.usage, 'the token must be 1 to 4096 visible ASCII characters');
  return trimmed;
}

function readText(path: string, option: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new Failure(EXIT.usage, `${option}: cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`);
  }
  if (bytes.length > MAX_FILE_LENGTH) throw new Failure(EXIT.usage, `${option}: ${path} has more than 1 MiB`);
  return bytes.toString('utf8');
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
