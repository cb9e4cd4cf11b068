// What an explanation is made of: the question, the decisions as they are found, and the whole in the end.

import type { ExplainedMirror } from './explain-mirrors.ts';
import type { ConsideredRoute } from './explain-route.ts';
import type { RoutableRequest } from './request.ts';
import type { SessionMemory } from './session-reader.ts';
import type { PoolTable } from './table.ts';

export interface ExplainQuestion {
  readonly listener: string;
  readonly request: RoutableRequest;
  /** The client's address; empty when unknown. */
  readonly client: string;
  readonly scheme: 'http' | 'https';
  /** Whether a version has a ready endpoint. */
  ready(pool: PoolTable, version: number): boolean;
  /** Of the instance that is asked; undefined where it is a file that is asked. */
  readonly memory?: SessionMemory | undefined;
}

export interface VersionShare {
  readonly version: string;
  readonly weight: number;
  /** Part of the requests that no override or key decides, 0 to 1; versions that are not ready have 0 while another can respond. */
  readonly share: number;
  readonly ready: boolean;
}

export interface Explanation {
  readonly listener: string;
  readonly method: string;
  readonly authority: string;
  readonly path: string;
  /** `pool`, `redirect`, `respond`, or what the request is refused with: `bad_request`, `no_route`, `no_endpoint`, an outcome of CONNECT. */
  readonly outcome: string;
  /** Status of a local reply; undefined when a version responds. */
  readonly status: number | undefined;
  readonly route: string | undefined;
  readonly match: string | undefined;
  readonly pool: string | undefined;
  /** Undefined when no single version is certain: then `shares` says how likely each is. */
  readonly version: string | undefined;
  /** One of the choice reasons; undefined without a pool. */
  readonly reason: string | undefined;
  readonly override: string | undefined;
  readonly location: string | undefined;
  /** Target that the upstream sees. */
  readonly target: string | undefined;
  readonly shares: readonly VersionShare[];
  /** Of the pool that is reached: which of them would copy the request. */
  readonly mirrors: readonly ExplainedMirror[];
  readonly considered: readonly ConsideredRoute[];
  readonly omitted: number;
  /** The decisions in order, one sentence each. */
  readonly steps: readonly string[];
}

export interface Draft {
  outcome: string;
  status: number | undefined;
  pool: string | undefined;
  version: string | undefined;
  reason: string | undefined;
  override: string | undefined;
  location: string | undefined;
  target: string | undefined;
  shares: readonly VersionShare[];
  mirrors: readonly ExplainedMirror[];
  readonly steps: string[];
  /** What is refused is a connection: there is no response. */
  closes: boolean;
}

export function emptyDraft(): Draft {
  return {
    outcome: '',
    status: undefined,
    pool: undefined,
    version: undefined,
    reason: undefined,
    override: undefined,
    location: undefined,
    target: undefined,
    shares: [],
    mirrors: [],
    steps: [],
    closes: false,
  };
}

export function refuse(draft: Draft, outcome: string, status: number, step: string): void {
  if (draft.closes) return response(draft, outcome, undefined, `${step} The connection is closed (${outcome}).`);
  response(draft, outcome, status, `${step} The response is ${status} ${outcome}.`);
}

export function response(draft: Draft, outcome: string, status: number | undefined, step: string): void {
  draft.outcome = outcome;
  draft.status = status;
  draft.steps.push(step);
}
