// Says which mirrors of a pool would copy a request, and why: as `mirror.ts` decides it, with shares where chance decides. It changes no
// sequence, and says nothing of whether a shadow could take its copy.

import type { MirrorMatch } from '../config/model.ts';
import { SHADOW_FIELD } from '../http/forwarding-fields.ts';
import { isSafe } from '../http/method.ts';
import { rankByKey } from './rank-by-key.ts';
import { isSampled, isShadow } from './mirror.ts';
import type { MirrorChance } from './mirror.ts';
import { MirrorConditions } from './mirror-conditions.ts';
import type { MirrorTable } from './table.ts';
import type { RoutableRequest } from './request.ts';
import type { PoolTable } from './table.ts';

export interface ExplainedMirror {
  readonly name: string;
  /** The shadow that would get the copy; without a version, as that pool splits. */
  readonly to: { readonly pool: string; readonly version: string | undefined };
  /** `share`: chance decides, or a key that the request does not bring yet. */
  readonly copied: 'yes' | 'no' | 'share';
  /** Part of such requests, 0 to 1; undefined unless it is a share. */
  readonly share: number | undefined;
  /** One sentence. */
  readonly why: string;
}

/** What is known of the exchange that mirrors would copy. */
export interface MirroredQuestion {
  readonly request: RoutableRequest;
  /** Of the user, as `mirrorKey` has it; empty when the request brings none, also when the response would set a new one. */
  readonly key: string;
  /** How likely each version of the pool responds, by its index: 0 to 1 each. All 0: none does. */
  readonly responding: readonly number[];
}

export function explainMirrors(pool: PoolTable, question: MirroredQuestion): readonly ExplainedMirror[] {
  return (pool.mirrors ?? []).map((mirror) => explainMirror(mirror, pool, question));
}

type Part = Pick<ExplainedMirror, 'copied' | 'share' | 'why'>;

function explainMirror(mirror: MirrorTable, owner: PoolTable, question: MirroredQuestion): ExplainedMirror {
  const target = targetOf(mirror, question.key);
  const version = target === undefined ? undefined : mirror.pool.versions[target]?.name;
  const refused = refusalOf(mirror, question);
  const part = refused === undefined ? partOf({ mirror, owner, target }, question) : no(refused);
  return { name: mirror.name, to: { pool: mirror.pool.name, version }, ...part };
}

/** Index of the version that would get the copy; undefined where chance decides, -1 where there is none. */
function targetOf({ pool, version }: MirrorTable, key: string): number | undefined {
  if (version !== undefined) return version.index;
  if (pool.weightTotal === 0) return -1;
  const only = pool.weights.indexOf(pool.weightTotal);
  if (only >= 0) return only;
  return key === '' ? undefined : rankByKey(pool, key, undefined);
}

/** Why it is not copied, whatever the client. */
function refusalOf(mirror: MirrorTable, { request, responding }: MirroredQuestion): string | undefined {
  if (isShadow(request)) return `The request has a ${SHADOW_FIELD} field: it is a copy itself, and copies are not copied.`;
  if (mirror.safeOnly && !isSafe(request.method)) {
    return `${request.method} may have side effects; only GET, HEAD and OPTIONS are copied unless the mirror has sideEffects: allow.`;
  }
  const unmet = unmetCondition(mirror.config.match, request);
  if (unmet !== undefined) return unmet;
  if (mirror.share === 0) return 'The mirror copies 0 % of requests.';
  return responding.every((share) => share === 0) ? 'No version gets the request: there is nothing to copy.' : undefined;
}

function unmetCondition({ methods, paths, headers }: MirrorMatch, request: RoutableRequest): string | undefined {
  const fits = (part: Partial<MirrorMatch>): boolean =>
    new MirrorConditions({ methods: [], paths: [], headers: [], ...part }).fits(request);
  if (!fits({ methods })) return `Its match does not fit: the method ${request.method} is not among its methods.`;
  if (!fits({ paths })) return `Its match does not fit: the path ${request.path} is not among its paths.`;
  const field = headers.find((each) => !fits({ headers: [each] }));
  return field === undefined ? undefined : `Its match does not fit: the header field ${field.name} does not fit.`;
}

interface Aim {
  readonly mirror: MirrorTable;
  readonly owner: PoolTable;
  readonly target: number | undefined;
}

function partOf({ mirror, owner, target }: Aim, { request, key, responding }: MirroredQuestion): Part {
  if (target === -1) return no(`Every weight of pool ${mirror.pool.name} is 0: no version gets the copy.`);
  // Users are told apart by their key alone: what chance says does not count for them.
  const isUser = mirror.bySession && key !== '';
  const percent = percentOf(mirror.share);
  if (isUser && !isSampled(mirror, request, key, NEVER)) return no(`The user is not among the ${percent} of users that are copied.`);
  const own = target === undefined || mirror.pool !== owner ? 0 : (responding[target] ?? 0);
  const name = target === undefined ? '' : (mirror.pool.versions[target]?.name ?? '');
  if (own === 1) return no(`Version ${name} gets the request itself.`);
  const sampled = isUser ? 1 : mirror.share;
  const why = `${whySampled({ mirror, owner, target }, key, percent)}${own > 0 ? `; none of those that ${name} gets itself (${percentOf(own)})` : ''}.`;
  const share = sampled * (1 - own);
  return share === 1 ? { copied: 'yes', share: undefined, why } : { copied: 'share', share, why };
}

function whySampled({ mirror: { share, bySession }, owner }: Aim, key: string, percent: string): string {
  if (share === 1) return 'All requests that fit are copied';
  if (!bySession) return `Chance decides: ${percent} of the requests that fit are copied`;
  if (key !== '') return `The user is among the ${percent} of users that are copied`;
  const why = owner.affinity === undefined ? `pool ${owner.name} has no affinity` : 'the request brings no affinity key';
  return `Chance decides, because ${why}: ${percent} of the requests that fit are copied`;
}

const NEVER: MirrorChance = { isNextSampled: () => false, nextVersion: () => -1 };

function no(why: string): Part {
  return { copied: 'no', share: undefined, why };
}

function percentOf(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
