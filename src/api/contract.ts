// The contract of the admin API: every schema by the name that the OpenAPI document gives it, and an example of each.

import type { z } from 'zod';
import { changeExamples, changeSchemas } from './change.ts';
import { configExamples, configSchemas } from './config.ts';
import { drillExamples, drillSchemas } from './drills.ts';
import { drainExamples, drainSchemas } from './drains.ts';
import { exchangeExamples, exchangeSchemas } from './exchanges.ts';
import { explainExamples, explainSchemas } from './explain.ts';
import { journalExamples, journalSchemas } from './journal.ts';
import { markerExamples, markerSchemas } from './markers.ts';
import { mirrorReportExamples, mirrorReportSchemas } from './mirror-report.ts';
import { mirrorExamples, mirrorSchemas } from './mirrors.ts';
import { missedWriteExamples, missedWriteSchemas } from './missed-writes.ts';
import { overviewExamples, overviewSchemas } from './overview.ts';
import { overrideExamples, overrideSchemas } from './overrides.ts';
import { poolExamples, poolSchemas } from './pools.ts';
import { previewExamples, previewSchemas } from './previews.ts';
import { probeExamples, probeSchemas } from './probe.ts';
import { problemExamples, problemSchemas } from './problem.ts';
import { revisionExamples, revisionSchemas } from './revisions.ts';
import { rolloutReportExamples, rolloutReportSchemas } from './rollout-report.ts';
import { rolloutExamples, rolloutSchemas } from './rollouts.ts';
import { scalarExamples, scalarSchemas, type Contract, type Examples } from './scalars.ts';
import { splitExamples, splitSchemas } from './split.ts';
import { statsExamples, statsSchemas } from './stats.ts';

export const SCHEMAS = {
  ...problemSchemas,
  ...scalarSchemas,
  ...changeSchemas,
  ...poolSchemas,
  ...splitSchemas,
  ...statsSchemas,
  ...overviewSchemas,
  ...overrideSchemas,
  ...previewSchemas,
  ...mirrorSchemas,
  ...mirrorReportSchemas,
  ...missedWriteSchemas,
  ...drainSchemas,
  ...configSchemas,
  ...revisionSchemas,
  ...drillSchemas,
  ...rolloutSchemas,
  ...rolloutReportSchemas,
  ...journalSchemas,
  ...markerSchemas,
  ...exchangeSchemas,
  ...explainSchemas,
  ...probeSchemas,
} as const satisfies Readonly<Record<string, z.ZodType>>;

export type SchemaName = keyof typeof SCHEMAS;

/** What a response of this name is, when it is read. */
export type Read<Name extends SchemaName> = Contract<(typeof SCHEMAS)[Name]>;

export const EXAMPLES: Examples<typeof SCHEMAS> = {
  ...problemExamples,
  ...scalarExamples,
  ...changeExamples,
  ...poolExamples,
  ...splitExamples,
  ...statsExamples,
  ...overviewExamples,
  ...overrideExamples,
  ...previewExamples,
  ...mirrorExamples,
  ...mirrorReportExamples,
  ...missedWriteExamples,
  ...drainExamples,
  ...configExamples,
  ...revisionExamples,
  ...drillExamples,
  ...rolloutExamples,
  ...rolloutReportExamples,
  ...journalExamples,
  ...markerExamples,
  ...exchangeExamples,
  ...explainExamples,
  ...probeExamples,
};
