// Pools, their versions and their endpoints, with their live state.

import { z } from 'zod';
import { drain, drainExamples } from './drains.ts';
import { drillExamples, drillSchemas } from './drills.ts';
import { deploy, markerExamples } from './markers.ts';
import { mirror, mirrorExamples } from './mirrors.ts';
import { override, overrideExamples } from './overrides.ts';
import { adoption, count, fraction, revision, scalarExamples, timeMs, type Contract, type Examples } from './scalars.ts';
import { weights } from './split.ts';

const notReadyReason = z
  .enum(['unhealthy', 'ejected', 'draining', 'weightless'])
  .describe(
    'Why the endpoint gets no requests. unhealthy: its health check fails; ejected: it failed too often; draining: it is taken out of use; weightless: its weight is 0.',
  );

const health = z.object({
  healthy: z.boolean(),
  sinceMs: timeMs.describe('Since when it is so, in milliseconds since the epoch.'),
  probe: z
    .object({
      result: z.string().describe('ok, connect, timeout, status, body or broken.'),
      detail: z.string().describe('What was found; empty where all is well.'),
      atMs: timeMs,
    })
    .describe('The latest probe that ended; absent before the first one.')
    .optional(),
});

const endpoint = z.object({
  address: z.string().describe('host:port or unix:/path.'),
  weight: z.number().min(0),
  zone: z.string().optional(),
  ready: z.boolean().describe('Whether the endpoint may be picked.'),
  reason: notReadyReason.optional(),
  inFlight: count.describe('Requests that are in flight on it.'),
  connections: count.describe('Open connections to it.'),
  drain: drain.describe('Present while it is drained, alone or with its version.').optional(),
  health: health.describe('What health checks found; absent in a pool without them.').optional(),
});

const versionKeys = {
  name: z.string(),
  weight: z.number().min(0),
  share: fraction.describe('Its part of the split, 0 to 1.'),
  shareNow: fraction
    .describe(
      'The part that it gets now: 0 while none of its endpoints is ready, or it drains, and the others take its share (fallback.whenNoneReady: split).',
    )
    .optional(),
  ready: z.boolean().describe('Whether one of its endpoints may be picked.'),
  draining: z.boolean(),
  inFlight: count.describe('Requests that are in flight on it.'),
  connections: count.describe('Open connections to it.'),
  tunnels: count.describe('Open tunnels (WebSocket, CONNECT); they are among those in flight. Absent where there are none.').optional(),
  eventStreams: count
    .describe('Open responses of server-sent events; they are among those in flight. Absent where there are none.')
    .optional(),
  users: count.describe('Users that have this version and were seen lately; absent in a pool without affinity.remember.').optional(),
  endpoints: z.array(endpoint),
  deploy: deploy.optional(),
  previewUntilMs: timeMs.describe('Of a preview: when it goes.').optional(),
  drain: drain.describe('Present while it is drained.').optional(),
};
const version = z.object(versionKeys);
const versionState = z.object({ pool: z.string(), revision, workers: adoption, ...versionKeys });

const pool = z.object({
  name: z.string(),
  revision,
  workers: adoption,
  weights,
  versions: z.array(version),
  overrides: z.array(override),
  mirrors: z.array(mirror),
  drill: drillSchemas.Drill.describe('The drill that runs, else the last one; absent where there was none.').optional(),
});
const pools = z.object({ pools: z.array(pool), revision });

/** Why an endpoint may not be picked. */
export type NotReadyReason = Contract<typeof notReadyReason>;
export type EndpointStatus = Contract<typeof endpoint>;
export type VersionStatus = Contract<typeof version>;
export type PoolStatus = Contract<typeof pool>;

export const poolSchemas = { Endpoint: endpoint, Version: version, VersionState: versionState, Pool: pool, Pools: pools } as const;

const workers = scalarExamples.Adoption;
const open: EndpointStatus = { address: '127.0.0.1:9001', weight: 1, zone: 'a', ready: true, inFlight: 13, connections: 20 };
const sick: EndpointStatus = {
  ...{ address: '127.0.0.1:9002', weight: 1, ready: false, reason: 'unhealthy', inFlight: 0, connections: 0 },
  health: {
    healthy: false,
    sinceMs: 1_769_864_000_000,
    probe: { result: 'status', detail: 'status 500', atMs: 1_769_864_709_000 },
  },
};
const live = { ready: true, draining: false };
const stable: VersionStatus = {
  name: 'v1',
  weight: 90,
  share: 0.9,
  shareNow: 1,
  ...live,
  inFlight: 13,
  connections: 20,
  endpoints: [open, sick],
};
const canary: VersionStatus = {
  name: 'v2',
  weight: 10,
  share: 0.1,
  shareNow: 0,
  ready: false,
  draining: true,
  inFlight: 3,
  connections: 1,
  endpoints: [
    { address: '127.0.0.1:9003', weight: 1, ready: false, reason: 'draining', inFlight: 3, connections: 1, drain: drainExamples.Drain },
  ],
  deploy: markerExamples.Deploy,
  drain: drainExamples.Drain,
};
const shop: PoolStatus = {
  name: 'shop',
  revision: 12,
  workers,
  weights: { v1: 90, v2: 10 },
  versions: [stable, canary],
  overrides: [overrideExamples.Override],
  mirrors: [mirrorExamples.Mirror],
  drill: drillExamples.Drill as PoolStatus['drill'],
};

export const poolExamples: Examples<typeof poolSchemas> = {
  Endpoint: open,
  Version: stable,
  VersionState: { pool: 'shop', revision: 12, workers, ...canary },
  Pool: shop,
  Pools: { revision: 12, pools: [shop] },
};
