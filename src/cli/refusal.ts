// From what the admin API refused, or why it could not be asked, to what a person can do about it.

import { isMap } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import { optionalText } from './fields.ts';
import { EXIT, Failure } from './failure.ts';
import { visible } from '../lib/visible.ts';

export interface Refusal {
  readonly status: number;
  readonly body: unknown;
  /** Where it was asked. */
  readonly address: string;
  /** Names that exist, for 404; found out by the caller. */
  readonly hints?: readonly string[];
}

const MAX_BODY_LENGTH = 300;

/** Status 400 or higher, as the end of a command. */
export function refusal({ status, body, address, hints = [] }: Refusal): Failure {
  const problem = isMap(body) ? body : {};
  const detail = optionalText(problem, 'detail') || textOf(body) || `status ${status}`;
  switch (status) {
    case 401:
      return unknownCaller(detail, address);
    case 403:
      return new Failure(EXIT.refused, `not allowed: ${detail}`, [...problemLines(problem), ...roleAdvice(detail)]);
    case 404:
      return new Failure(EXIT.refused, detail, hints);
    case 412:
      return stale(problem);
    case 421:
      return new Failure(EXIT.refused, detail, [
        'Name the admin API by its IP address, add the name to admin.hosts in its config, or use a token.',
      ]);
    case 422:
    case 400:
      return new Failure(EXIT.refused, detail, problemLines(problem));
    case 429:
      return new Failure(EXIT.refused, `too many requests: ${detail}`, ['Wait a moment and try again.']);
    default:
      return new Failure(EXIT.refused, `${detail} (status ${status} of ${address})`, problemLines(problem));
  }
}

/** The API says what it takes, and what was wrong with a certificate. */
function unknownCaller(detail: string, address: string): Failure {
  const token = 'Put one in SLUICE_TOKEN, or in a file that --token-file names. The config lists the tokens: admin.auth.tokens.';
  if (!detail.includes('client certificate')) return new Failure(EXIT.refused, `the admin API at ${address} needs a valid token`, [token]);
  return new Failure(EXIT.refused, `the admin API at ${address} does not know us: ${detail}`, [
    'Name our certificate with --cert-file and --key-file. The config says whose role is which: admin.tls.clientAuth.',
    ...(detail.includes('token') ? [token] : []),
  ]);
}

/** The API says who called and what that role is; a field that only the file changes has no role. */
function roleAdvice(detail: string): readonly string[] {
  if (detail.includes('only the config file may')) return ['Edit the config file of the instance: it is taken when it is saved.'];
  const roles =
    'Roles: viewer reads, operator also shifts traffic (split, overrides, mirrors, drains), admin also changes the rest of the config.';
  if (detail.includes('admin.auth.tokens) every'))
    return [roles, 'List a token of the role admin in the config file, or edit the file itself.'];
  return [roles, 'Use a token or a certificate with a higher role.'];
}

/** What a request that took too long was waiting for. */
export interface Late {
  readonly stage: 'connect' | 'head' | 'body';
}

/** @param error what the system threw, or what took too long; @param kind a write without a response may have been carried out */
export function unreachable(address: string, error: unknown, kind: 'read' | 'write'): Failure {
  const code = isLate(error) ? `late ${error.stage}` : codeOf(error);
  const [what, ...advice] = REACH[code] ?? [`the connection failed: ${visible(error instanceof Error ? error.message : String(error))}`];
  const unsure = kind === 'write' && !BEFORE_SENDING.has(code);
  return new Failure(EXIT.unreachable, `cannot reach the admin API at ${address}: ${what}`, [
    ...advice,
    'Another address: --admin URL or SLUICE_ADMIN=URL, such as http://127.0.0.1:9901 or unix:/run/sluice.sock (admin.address in the config).',
    ...(unsure ? ['Whether the change was made is not known: look with `sluice revisions` before you try again.'] : []),
  ]);
}

const REACH: Readonly<Record<string, readonly [string, ...string[]] | undefined>> = {
  ECONNREFUSED: ['nothing listens there', 'Is Sluice running? Its ready line names the address: "sluice ready: ..., admin ...".'],
  ENOENT: ['there is no such socket', 'Is Sluice running? Its ready line names the address: "sluice ready: ..., admin ...".'],
  EACCES: ['no permission for this socket', 'Run as the user that Sluice runs as, or as one of its group.'],
  ENOTFOUND: ['the name does not resolve'],
  EAI_AGAIN: ['the name does not resolve at the moment'],
  EHOSTUNREACH: ['there is no route to this host'],
  ENETUNREACH: ['there is no route to this network'],
  'late connect': ['it does not accept the connection in time', 'Is there a firewall in between?'],
  'late head': ['it does not respond in time'],
  'late body': ['its response stops in the middle'],
  ECONNRESET: ['it closed the connection without a full response', 'Does it speak HTTPS? Then write https:// before the address.'],
  HPE_INVALID_CONSTANT: ['what listens there does not speak HTTP'],
  EPROTO: ['it does not speak HTTPS', 'Write http:// before the address.'],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: ['it does not speak HTTPS', 'Write http:// before the address.'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['it does not speak HTTPS', 'Write http:// before the address.'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['its certificate is from an authority that is not trusted here', 'Name the authority with --ca-file.'],
  SELF_SIGNED_CERT_IN_CHAIN: ['its certificate is from an authority that is not trusted here', 'Name the authority with --ca-file.'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['its certificate is from an authority that is not trusted here', 'Name the authority with --ca-file.'],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    'its certificate is from an authority that is not trusted here',
    'Name the authority with --ca-file.',
  ],
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is for another name', 'Name it by a name that stands in its certificate.'],
  CERT_HAS_EXPIRED: ['its certificate has expired'],
};

const BEFORE_SENDING: ReadonlySet<string> = new Set(
  Object.keys(REACH).filter((code) => !['late head', 'late body', 'ECONNRESET'].includes(code)),
);

function stale(problem: Plain): Failure {
  const now = problem['revision'];
  const known = typeof now === 'number' ? `revision ${now}` : 'another revision';
  return new Failure(EXIT.stale, `nothing was changed: the current one is ${known}, not the one you expected`, [
    'Somebody else changed it meanwhile. `sluice revisions` shows who and what; then try again' +
      (typeof now === 'number' ? ` with --if-revision ${now}.` : '.'),
  ]);
}

/** `line 3, column 5: pools.shop.split.v9: there is no version "v9"`. */
function problemLines(problem: Plain): readonly string[] {
  const problems = Array.isArray(problem['problems']) ? (problem['problems'] as readonly unknown[]) : [];
  return problems.filter(isMap).map((each) => {
    const [line, column, path, message] = [each['line'], each['column'], optionalText(each, 'path'), optionalText(each, 'message')];
    const place = typeof line === 'number' ? `line ${line}${typeof column === 'number' ? `, column ${column}` : ''}: ` : '';
    // Some messages name the path by themselves.
    return `${place}${path === '' || message.startsWith(`${path}:`) ? '' : `${path}: `}${message}`;
  });
}

function textOf(body: unknown): string {
  return typeof body === 'string' ? visible(body.trim().slice(0, MAX_BODY_LENGTH)) : '';
}

/** Of an error, of what caused it, or of the first of several (a name with two addresses). */
function codeOf(error: unknown): string {
  for (let each: unknown = error, depth = 0; each instanceof Error && depth < 4; depth++) {
    const { code } = each as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
    each = each instanceof AggregateError ? each.errors[0] : each.cause;
  }
  return '';
}

function isLate(error: unknown): error is Late {
  return isMap(error) && typeof error['stage'] === 'string';
}
