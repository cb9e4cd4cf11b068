// What a process that takes over and the one that runs say to each other: lines of JSON over a Unix socket. They may be of different
// releases, so every message is checked, and the first one says which protocol and which form of the store its sender knows.
//
//   new  hello ->             who I am
//        <- given | refused   old: at rest, its state flushed and free to be claimed | nothing has changed
//   new  ready ->             I serve beside you, with your state
//        <- yours             old: from here on you are the one
//   new  taken ->             both know: old ends; before this it takes all back when new is gone
//
// `failed` (new) and `aborted` (old) say why it comes to nothing.

import type { EndpointName } from '../../upstream/endpoint.ts';

export const PROTOCOL = 1;

export interface Hello {
  readonly kind: 'hello';
  readonly protocol: number;
  /** Form of the store. */
  readonly schema: number;
  readonly pid: number;
  /** The release. */
  readonly version: string;
}

/** What a new process cannot find in the folder of the state. */
export interface Given {
  readonly kind: 'given';
  readonly pid: number;
  readonly version: string;
  readonly revision: number;
  /** Ports, and `unix:PATH`, that are bound. */
  readonly claims: readonly string[];
  /** As bound, by name. */
  readonly listeners: Readonly<Record<string, number>>;
  /** As bound; 0: none, or no port. */
  readonly adminPort: number;
  readonly probesPort: number;
  readonly unhealthy: readonly EndpointName[];
  /** With it TLS sessions are resumed. */
  readonly ticketSeed: string;
}

export interface Entry {
  readonly atMs: number;
  readonly kind: string;
  readonly author: string;
  readonly revision: number;
  /** JSON. */
  readonly detail: string;
}

export type Message =
  | Hello
  | Given
  | { readonly kind: 'refused' | 'failed' | 'aborted'; readonly reason: string }
  | { readonly kind: 'ready' | 'taken' }
  /** `entries`: lines of the journal since the state was given. */
  | { readonly kind: 'yours'; readonly entries: readonly Entry[] };

/** Undefined for what is none. */
export function readMessage(text: string): Message | undefined {
  const value = parse(text);
  if (!isRecord(value)) return undefined;
  switch (value['kind']) {
    case 'hello':
      return isHello(value) ? value : undefined;
    case 'given':
      return isGiven(value) ? value : undefined;
    case 'refused':
    case 'failed':
    case 'aborted':
      return typeof value['reason'] === 'string' ? { kind: value['kind'], reason: value['reason'].slice(0, MAX_REASON) } : undefined;
    case 'ready':
    case 'taken':
      return { kind: value['kind'] };
    case 'yours':
      return Array.isArray(value['entries']) && value['entries'].every(isEntry) ? { kind: 'yours', entries: value['entries'] } : undefined;
    default:
      return undefined;
  }
}

const MAX_REASON = 2000;

type Fields = Readonly<Record<string, unknown>>;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isHello(value: Fields): value is Fields & Hello {
  return has(value, 'number', ['protocol', 'schema', 'pid']) && has(value, 'string', ['version']);
}

function isGiven(value: Fields): value is Fields & Given {
  const { claims, listeners, unhealthy } = value;
  return (
    has(value, 'number', ['pid', 'revision', 'adminPort', 'probesPort']) &&
    has(value, 'string', ['version', 'ticketSeed']) &&
    Array.isArray(claims) &&
    claims.every((each) => typeof each === 'string') &&
    isRecord(listeners) &&
    Object.values(listeners).every((each) => Number.isInteger(each)) &&
    Array.isArray(unhealthy) &&
    unhealthy.every((each) => isRecord(each) && has(each, 'string', ['pool', 'version', 'endpoint']))
  );
}

function isEntry(value: unknown): value is Entry {
  return isRecord(value) && has(value, 'number', ['atMs', 'revision']) && has(value, 'string', ['kind', 'author', 'detail']);
}

function has(value: Fields, type: 'number' | 'string', names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === type);
}
