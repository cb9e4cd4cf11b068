// One page of state for people and dashboards: pools with shares and figures, the file, and what is wrong. Bounded: endpoints are counts.

import { z } from 'zod';
import { difference } from './change.ts';
import { deploy, markerExamples } from './markers.ts';
import { adoption, count, revision, scalarExamples, timeMs, type Contract, type Examples } from './scalars.ts';
import { poolRates, versionFigures, window } from './stats.ts';

const finding = z
  .object({
    severity: z.enum(['error', 'warning']).describe('error: requests fail or could, or what is served is not what was asked for.'),
    code: z
      .enum([
        'file-refused',
        'file-missing',
        'workers',
        'memory',
        'state-lost',
        'needs-restart',
        'access-log',
        'certificate-refused',
        'certificate-expired',
        'certificate-early',
        'certificate-ends',
        'secret',
        'version-not-ready',
        'version-failing',
        'endpoints-not-ready',
        'mirror-paused',
        'name',
        'endpoint-file',
        'rollout-stuck',
        'rollout-held',
        'rollout-failed',
        'rollout-saturated',
        'rollout-links',
        'drill-stuck',
        'drill-failed',
        'drill-unreadable',
        'preview-stuck',
      ])
      .describe('What kind of thing is wrong.'),
    place: z.string().describe('Where, in the words of the config, such as pools.shop.versions.v2.'),
    pool: z.string().describe('Absent where it concerns the whole instance.').optional(),
    version: z.string().optional(),
    message: z.string().describe('One sentence for people.'),
    sinceMs: timeMs.describe('Since when, in milliseconds since the epoch; absent where that is not known.').optional(),
  })
  .describe('One thing that is wrong.');

const file = z
  .object({
    state: z.enum(['taken', 'refused', 'missing']).describe('What became of the config on disk when it was last read.'),
    sinceMs: timeMs.describe('Since when it is so, in milliseconds since the epoch.'),
    problems: z.array(z.string()).describe('Why it was refused, each with its place: the first ten.'),
    problemCount: count,
    differences: count.describe('Fields in which what is served differs from the file; GET /v1/config/diff lists them.'),
  })
  .describe('The config on disk, beside what is served.');

const version = z.object({
  name: z.string(),
  ...versionFigures,
  ready: z.boolean().describe('Whether one of its endpoints may be picked.'),
  draining: z.boolean(),
  endpoints: z.object({ ready: count, total: count }),
  users: count.describe('Users that have this version; absent in a pool without affinity.remember.').optional(),
  deploy: deploy.optional(),
});

const pool = z.object({ name: z.string(), ...poolRates, versions: z.array(version) });

const overview = z.object({
  revision,
  atMs: timeMs,
  startedMs: timeMs.describe('When the instance started, in milliseconds since the epoch.'),
  workers: adoption.describe('How many workers serve, and how many there are.'),
  ...window,
  file,
  pools: z.array(pool),
  findings: z.array(finding).describe('What is wrong, errors first; empty when nothing is. At most 100.'),
  findingCount: count.describe('How many there are, also beyond 100.'),
});

const configDiff = z.object({
  revision,
  file,
  differences: z.array(difference).describe('`before` is the file as it was last taken, `after` what is served.'),
  restart: z.array(z.string()).describe('Fields whose value takes effect when the process is started again.').optional(),
});

export type Finding = Contract<typeof finding>;
export type FileOverview = Contract<typeof file>;
export type VersionOverview = Contract<typeof version>;
export type PoolOverview = Contract<typeof pool>;
export type Overview = Contract<typeof overview>;
export type ConfigDiff = Contract<typeof configDiff>;

export const overviewSchemas = {
  Finding: finding,
  FileOverview: file,
  PoolOverview: pool,
  Overview: overview,
  ConfigDiff: configDiff,
} as const;

const failing: Finding = {
  severity: 'error',
  code: 'version-failing',
  place: 'pools.shop.versions.v2',
  pool: 'shop',
  version: 'v2',
  message: 'Version v2 of shop failed 40 of 40 requests in the last 60 s.',
};
const taken: FileOverview = { state: 'taken', sinceMs: 1_769_864_000_000, problems: [], problemCount: 0, differences: 2 };
const canary: VersionOverview = {
  ...{ name: 'v2', requests: 40, perSecond: 0.667, errors: 40, errorRate: 1, p50: 4.1, p90: 5.2, p99: 9.3, rescued: 0, inFlight: 0 },
  ...{ share: 0.1, measuredShare: 0.1, ready: true, draining: false, endpoints: { ready: 1, total: 1 }, deploy: markerExamples.Deploy },
};
const stable: VersionOverview = {
  ...{ name: 'v1', requests: 360, perSecond: 6, errors: 0, errorRate: 0, p50: 4.1, p90: 5.2, p99: 9.3, rescued: 0, inFlight: 2 },
  ...{ share: 0.9, measuredShare: 0.9, ready: true, draining: false, endpoints: { ready: 2, total: 2 }, users: 17 },
};
const shop: PoolOverview = { name: 'shop', requests: 400, perSecond: 6.667, errors: 40, errorRate: 0.1, versions: [stable, canary] };

export const overviewExamples: Examples<typeof overviewSchemas> = {
  Finding: failing,
  FileOverview: taken,
  PoolOverview: shop,
  Overview: {
    ...{ revision: 12, atMs: 1_769_864_709_000, startedMs: 1_769_864_000_000, workers: scalarExamples.Adoption },
    ...{ windowMs: 60_000, measuredMs: 60_000, file: taken, pools: [shop], findings: [failing], findingCount: 1 },
  },
  ConfigDiff: {
    revision: 12,
    file: taken,
    differences: [{ path: 'pools.shop.split.v1', before: '95', after: '90' }],
    restart: [],
  },
};
