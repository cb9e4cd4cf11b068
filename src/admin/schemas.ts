// What the admin API answers, as schemas for the OpenAPI document. The compiler holds each of them against the type that is sent.
// Long because it is a list.

import { z } from 'zod';
import type {
  Adoption,
  ChangeOutcome,
  ChangeProblem,
  EndpointStatus,
  DeployStatus,
  DrainStatus,
  JournalLine,
  Marker,
  MirrorStatus,
  OverrideStatus,
  PoolStatus,
  RecentExchangesResponse,
  RevisionSummary,
  ControlApi,
  VersionStatus,
} from '../control/control-api.ts';
import type { MirrorReport, MissedWrites } from '../control/mirror-report.ts';
import type { Difference } from '../config/diff.ts';
import { drainBody, explainBody, markerBody, mirrorBody, overrideBody, reasonBody, restoreBody, splitBody } from './body-schemas.ts';
import { MIRROR_SCHEMAS } from './mirror-schemas.ts';
import { count, fraction, milliseconds } from './schema-parts.ts';

const revision = count.describe('Number of a desired state; 0 before the first.');

const adoption = z.object({ applied: count, total: count }).describe('How many workers obey the revision.');

const difference = z
  .object({
    path: z.string().describe('Such as pools.shop.split.v1.'),
    before: z.string().describe('As it was written; absent when it was not there.').optional(),
    after: z.string().describe('As it is written; absent when it is gone.').optional(),
  })
  .describe('One thing that a change made other than it was.');

const located = z.object({
  path: z.string().describe('Where in the document; empty for all of it.'),
  line: z.int().min(1).optional(),
  column: z.int().min(1).optional(),
  message: z.string().describe('What is wrong and what would be right.'),
});

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    revision: revision.describe('The current one, where a precondition failed.').optional(),
    reason: z.string().describe('Why it is not ready.').optional(),
    problems: z.array(located).optional(),
  })
  .describe('What went wrong (RFC 9457).');

const drain = z
  .object({
    since: milliseconds,
    deadline: milliseconds.describe('Milliseconds since the epoch; absent: as long as it takes.').optional(),
    inFlight: count.describe('Requests that are left.'),
    connections: count.describe('Connections that are left.'),
    inFlightAtStart: count,
    estimateMs: z
      .number()
      .min(0)
      .describe('Until nothing is left, as what has ended so far foretells; never beyond the deadline; absent before anything has ended.')
      .optional(),
  })
  .describe('Present while it is drained.');

const deploy = z
  .object({ deploy: z.string(), sha: z.string().optional(), atMs: milliseconds })
  .describe('Which deploy it is, as the latest marker says; absent when there is none.');

const marker = z.object({
  pool: z.string(),
  version: z.string(),
  deploy: z.string(),
  sha: z.string().optional(),
  url: z.string().optional(),
  reason: z.string(),
  author: z.string().describe('Name of a token, or anonymous.'),
  atMs: milliseconds,
});

const endpoint = z.object({
  address: z.string(),
  weight: z.number().min(0),
  zone: z.string().optional(),
  ready: z.boolean().describe('Whether it may be picked.'),
  reason: z.enum(['unhealthy', 'ejected', 'draining', 'weightless']).describe('Why it may not be picked.').optional(),
  inFlight: count,
  connections: count,
  drain: drain.optional(),
});

const versionKeys = {
  name: z.string(),
  weight: z.number().min(0),
  share: z.number().min(0).max(1).describe('Part of the split.'),
  ready: z.boolean(),
  draining: z.boolean(),
  inFlight: count.describe('Requests that are left on it.'),
  connections: count.describe('Connections that are left on it.'),
  users: count.describe('That have this version and are not quiet; absent in a pool without affinity.remember.').optional(),
  endpoints: z.array(endpoint),
  deploy: deploy.optional(),
  drain: drain.optional(),
};
const version = z.object(versionKeys);
const oneVersion = z.object({ pool: z.string(), revision, workers: adoption, ...versionKeys });

const overrideOrigin = z.enum(['file', 'api']).describe('api: the file does not have it, or has it otherwise.');
const override = z.object({ name: z.string(), version: z.string(), origin: overrideOrigin });
const matcher = z.object({
  name: z.string(),
  value: z.union([z.string(), z.object({ regex: z.string() }), z.object({ present: z.literal(true) })]),
});
const oneOverride = z.object({
  pool: z.string(),
  revision,
  name: z.string(),
  version: z.string(),
  origin: overrideOrigin,
  header: matcher.optional(),
  cookie: matcher.optional(),
  query: matcher.optional(),
});

const mirrorKeys = {
  name: z.string(),
  to: z
    .object({ pool: z.string(), version: z.string().optional() })
    .describe('Who gets the copies; without a version, as that pool splits.'),
  percent: z.number().min(0).max(100).describe('Of 100 requests that fit.'),
  origin: overrideOrigin,
};
const mirror = z.object(mirrorKeys);
const oneMirror = z.object({
  pool: z.string(),
  revision,
  ...mirrorKeys,
  mirror: z.record(z.string(), z.unknown()).describe('As it is written.'),
});

const weights = z.record(z.string(), z.number().min(0)).describe('Weight by version.');
const pool = z.object({
  name: z.string(),
  revision,
  workers: adoption,
  weights,
  versions: z.array(version),
  overrides: z.array(override),
  mirrors: z.array(mirror),
});

const summaryKeys = {
  revision,
  atMs: milliseconds,
  author: z.string().describe('Name of a token, or anonymous.'),
  reason: z.string(),
  cause: z.string().describe('start, file, signal, api or restore.'),
  differences: z.array(difference),
};

const share = z.object({ version: z.string(), weight: z.number(), share: z.number(), ready: z.boolean() });
const explainedMirror = z.object({
  name: z.string(),
  to: z
    .object({ pool: z.string(), version: z.string().optional() })
    .describe('Who would get the copy; without a version, as that pool splits.'),
  copied: z.enum(['yes', 'no', 'share']).describe('share: chance decides, or a key that the request does not bring yet.'),
  share: z.number().min(0).max(1).describe('Part of such requests; absent unless it is a share.').optional(),
  why: z.string(),
});
const considered = z.object({ route: z.string(), match: z.string(), reason: z.string() });

const journalLine = z.object({
  seq: count,
  atMs: milliseconds,
  kind: z.string(),
  author: z.string(),
  revision,
  detail: z.record(z.string(), z.unknown()),
});

const impact = z
  .object({
    pools: z
      .array(z.object({ pool: z.string(), users: fraction.describe('Share of the users of the pool; without affinity, of its requests.') }))
      .describe('Pools with users that would move to another version; pools that are absent move none.'),
    requests: z.object({
      compared: count.describe('Requests of late that were decided again.'),
      otherwise: z.number().min(0).describe('How many of them would go to another version; where chance decides, the expected number.'),
      share: fraction.describe('The same as a share of what they are a sample of; absent when there was none to compare.').optional(),
    }),
  })
  .describe('Users and requests that would go to another version.');

const exchange = z.object({
  atMs: milliseconds.describe('When the head of the request was complete.'),
  id: z.string().describe('Request id, as the upstream got it; absent when none was asked.').optional(),
  listener: z.string(),
  client: z.string().describe('Address; empty on a Unix socket.'),
  method: z.string(),
  authority: z.string(),
  target: z.string(),
  fields: z.array(z.object({ name: z.string(), value: z.string() })).describe('Of the request, in its order; secrets are ***.'),
  cut: z.boolean().describe('Whether target or fields are longer than what was kept.'),
  route: z.string().optional(),
  pool: z.string().optional(),
  version: z.string().optional(),
  deploy: z.string().describe('Which deploy the version was then; absent when it has no marker.').optional(),
  endpoint: z.string().optional(),
  reason: z
    .string()
    .describe('Why this version: route, override, affinity, affinity-new, weight, fallback, slow-start or remembered.')
    .optional(),
  override: z.string().describe('The override that decided.').optional(),
  keyed: z.boolean().describe('Whether the request brought an affinity key.'),
  status: z.int().min(0).max(999),
  outcome: z.string(),
  attempts: count,
  durationMs: z.number(),
  firstByteMs: z.number().describe('Until the head of the response; absent when there was none.').optional(),
  bytesIn: count,
  bytesOut: count,
});

/** By the name that the OpenAPI document gives them. */
const SCHEMAS = {
  Problem: problem,
  ProblemLocation: located,
  Adoption: adoption,
  Difference: difference,
  Endpoint: endpoint,
  Version: version,
  VersionState: oneVersion,
  Pool: pool,
  Pools: z.object({ revision, pools: z.array(pool) }),
  Split: z.object({ pool: z.string(), revision, workers: adoption, weights }),
  Override: override,
  OverrideState: oneOverride,
  Overrides: z.object({ pool: z.string(), revision, overrides: z.array(override) }),
  Config: z.record(z.string(), z.unknown()).describe('The config with all defaults, in the words of the YAML.'),
  Document: z.record(z.string(), z.unknown()).describe('An OpenAPI document.'),
  RevisionSummary: z.object(summaryKeys),
  Revision: z.object({ ...summaryKeys, config: z.string().describe('The whole config, as YAML.') }),
  Revisions: z.object({
    revision: revision.describe('The current one.'),
    revisions: z.array(z.object(summaryKeys)).describe('Newest first.'),
    next: revision.describe('What `before` must be for the next page; absent on the last.').optional(),
  }),
  ChangeResponse: z
    .object({
      revision,
      workers: adoption.describe('Absent for a dry run.').optional(),
      dryRun: z.literal(true).describe('Present when nothing was changed.').optional(),
      differences: z.array(difference).describe('Empty when the state was as asked for already.'),
      moved: z
        .array(z.string())
        .describe('Pools whose users no longer keep the version that they had; absent when there is none.')
        .optional(),
      impact: impact.describe('Of a dry run.').optional(),
    })
    .describe('Every worker obeys by now.'),
  Explanation: z.object({
    listener: z.string(),
    method: z.string(),
    authority: z.string(),
    path: z.string(),
    outcome: z.string(),
    status: z.int().optional(),
    route: z.string().optional(),
    match: z.string().optional(),
    pool: z.string().optional(),
    version: z.string().describe('Absent when no single version is certain: then `shares` says how likely each is.').optional(),
    reason: z.string().optional(),
    override: z.string().optional(),
    location: z.string().optional(),
    target: z.string().optional(),
    shares: z.array(share),
    mirrors: z.array(explainedMirror).describe('Of the pool that is reached: which of them would copy the request.'),
    considered: z.array(considered),
    omitted: count,
    steps: z.array(z.string()).describe('The decisions in order, one sentence each.'),
  }),
  Impact: impact,
  Exchanges: z.object({
    workers: z
      .object({ responded: count, total: count })
      .describe('Workers whose exchanges these are; one that does not respond within a second is left out.'),
    exchanges: z.array(exchange).describe('Newest first.'),
  }),
  JournalLine: journalLine,
  Journal: z.object({
    lines: z.array(journalLine).describe('Oldest first.'),
    next: count.describe('What `after` must be for the next page; absent on the last.').optional(),
    first: count.describe('Number of the oldest line on record; `last` + 1 when there is none.'),
    last: count.describe('Number of the newest line on record, whatever was asked for; 0 when there is none.'),
  }),
  Drain: drain,
  Deploy: deploy,
  Marker: marker,
  Markers: z.object({
    revision,
    markers: z.array(marker).describe('The latest of each version that has one.'),
    recent: z.array(marker).describe('Those on record in the journal, newest first; also of versions that are gone.'),
  }),
  MarkerResponse: z
    .object({
      revision: revision.describe('The current one: a marker makes none.'),
      workers: adoption.describe('How many know it; absent for a dry run.').optional(),
      dryRun: z.literal(true).describe('Present when nothing was changed.').optional(),
      changed: z.boolean().describe('False when the version was marked so already.'),
      marker: marker.describe('As it stands, or would stand.'),
    })
    .describe('Every worker knows it by now.'),
  Probe: z.object({ status: z.literal('ok') }),
  SplitBody: splitBody,
  OverrideBody: overrideBody,
  Mirror: mirror,
  MirrorState: oneMirror,
  Mirrors: z.object({ pool: z.string(), revision, mirrors: z.array(mirror) }),
  MirrorBody: mirrorBody,
  ...MIRROR_SCHEMAS,
  DrainBody: drainBody,
  MarkerBody: markerBody,
  ReasonBody: reasonBody,
  RestoreBody: restoreBody,
  ExplainBody: explainBody,
} as const;

export type SchemaName = keyof typeof SCHEMAS;

/** JSON Schemas (2020-12) that refer to each other as `#/components/schemas/…`. */
export function componentSchemas(): Readonly<Record<SchemaName, object>> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(SCHEMAS)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io: 'input', unrepresentable: 'any', uri: referenceTo });
  const plain = Object.entries(schemas).map(([id, { $id: _id, $schema: _schema, ...schema }]) => [id, schema]);
  return Object.fromEntries(plain) as Record<SchemaName, object>;
}

export function referenceTo(name: string): string {
  return `#/components/schemas/${name}`;
}

type Plain<T> = T extends readonly (infer Item)[]
  ? readonly Plain<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Plain<T[Key]> }
    : T;

/** Does not compile when a type has a value that its schema does not allow. */
type Fits<Name extends SchemaName, Sent extends Plain<z.input<(typeof SCHEMAS)[Name]>>> = Sent;

type _Responses = [
  Fits<'Adoption', Adoption>,
  Fits<'Difference', Difference>,
  Fits<'ProblemLocation', ChangeProblem>,
  Fits<'Endpoint', EndpointStatus>,
  Fits<'Version', VersionStatus>,
  Fits<'Override', OverrideStatus>,
  Fits<'Mirror', MirrorStatus>,
  Fits<'Pool', PoolStatus>,
  Fits<'RevisionSummary', RevisionSummary>,
  Fits<'Revision', NonNullable<ReturnType<ControlApi['findRevision']>>>,
  Fits<'Explanation', Exclude<ReturnType<ControlApi['explain']>, string>>,
  Fits<'Impact', Extract<ChangeOutcome, { result: 'dry-run' }>['impact']>,
  Fits<'Exchanges', RecentExchangesResponse>,
  Fits<'JournalLine', JournalLine>,
  Fits<'Drain', DrainStatus>,
  Fits<'Deploy', DeployStatus>,
  Fits<'Marker', Marker>,
  Fits<'MirrorReport', MirrorReport>,
  Fits<'MissedWrites', MissedWrites>,
];
