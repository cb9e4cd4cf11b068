// How the beginning of a connection may end that a listener passes through. A metric uses the codes.

import type { Outcome } from './outcomes.ts';

const codes = [
  // It has reached an endpoint: bytes pass from here on.
  'opened',
  // Of a listener that looks for the name that a client of TLS asks for.
  'not_tls',
  'malformed',
  // Neither the name that it asks for nor `otherwise` leads anywhere.
  'unknown_name',
  'timeout',
  // No version of the pool may take it.
  'no_endpoint',
  // Limits of listener or pool, or memory that runs short.
  'overload',
  // No endpoint could be reached.
  'unreachable',
  // The client has gone.
  'gone',
  'internal',
] as const;

export type PassthroughCode = (typeof codes)[number];

/** By position. */
export const PASSTHROUGH_CODES: readonly PassthroughCode[] = codes;

/** Position of each code: the cell that counts it. */
export const PASSTHROUGH = Object.fromEntries(codes.map((code, index) => [code, index])) as Readonly<Record<PassthroughCode, number>>;

/** What a listener counts of one that came to nothing with this outcome, when it was known where it leads. */
export function passthroughCodeOf(outcome: Outcome): PassthroughCode {
  return OF_OUTCOMES[outcome.code] ?? 'unreachable';
}

const OF_OUTCOMES: Readonly<Partial<Record<string, PassthroughCode>>> = {
  no_route: 'unknown_name',
  no_endpoint: 'no_endpoint',
  overload: 'overload',
  downstream_closed: 'gone',
  internal: 'internal',
};
