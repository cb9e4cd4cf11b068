// Adds up what several threads counted of one mirror. The sum is as good as if one had counted: evidence is computed from counts.

import type { BucketCounts } from '../telemetry/log-histogram.ts';
import { LogHistogram } from '../telemetry/log-histogram.ts';
import { trialsOf } from './field-evidence.ts';
import type { Counts, FieldTally, LatencyTally, ReportTally, TemplateTally } from './report-tally.ts';
import { NO_FAILURES } from './report-tally.ts';

const MOST_EXAMPLES = 3;

const NOTHING: Omit<ReportTally, 'templates'> = {
  clean: { candidateTrials: 0, candidate: 0, pairs: 0, onlyCandidate: 0, onlySecond: 0 },
  failures: NO_FAILURES,
  overflow: { requests: 0, differences: 0 },
};

/**
 * One tally of all. Where a thread never saw a field differ, its trials count as those before the field was seen. Bounds hold per thread: the sum
 * may list as many fields as all threads together. The order of fields is that of the clock, which threads of one process share.
 */
export function mergeTallies(tallies: readonly ReportTally[]): ReportTally {
  const groups = Map.groupBy(
    tallies.flatMap((tally) => tally.templates),
    ({ route, template }) => `${route.length}:${route}${template}`,
  );
  const templates = [...groups.values()].map(mergeTemplates);
  return {
    templates: reorder(templates),
    clean: sum([NOTHING, ...tallies].map((tally) => tally.clean)),
    failures: sum([NOTHING, ...tallies].map((tally) => tally.failures)),
    overflow: sum([NOTHING, ...tallies].map((tally) => tally.overflow)),
  };
}

function mergeTemplates(parts: readonly TemplateTally[]): TemplateTally {
  const [first] = parts as readonly [TemplateTally];
  const paths = new Set(parts.flatMap(({ fields }) => fields.map(({ path }) => path)));
  const byPath = parts.map((part) => ({ part, fields: new Map(part.fields.map((field) => [field.path, field])) }));
  return {
    route: first.route,
    template: first.template,
    ...sum(parts.map(({ exchanges, attempts, cutShort }) => ({ exchanges, attempts, cutShort }))),
    answers: sum(parts.map(({ answers }) => answers)),
    outcomes: {
      primary: sumCounts(parts.map(({ outcomes }) => outcomes.primary)),
      candidate: sumCounts(parts.map(({ outcomes }) => outcomes.candidate)),
      second: sumCounts(parts.map(({ outcomes }) => outcomes.second)),
    },
    uncompared: sumCounts(parts.map(({ uncompared }) => uncompared)),
    latency: mergeLatencies(parts.map(({ latency }) => latency)),
    fields: [...paths].map((path) => mergeFields(byPath.map(({ part, fields }) => ({ part, field: fields.get(path) })))),
    firstMs: Math.min(...parts.map(({ firstMs }) => firstMs)),
    lastMs: Math.max(...parts.map(({ lastMs }) => lastMs)),
  };
}

interface Part {
  readonly part: TemplateTally;
  readonly field: FieldTally | undefined;
}

function mergeFields(parts: readonly Part[]): FieldTally {
  const seen = parts.flatMap(({ field }) => (field === undefined ? [] : [field]));
  const { path } = seen[0]!;
  return {
    path,
    order: Math.min(...seen.map(({ order }) => order)),
    kinds: sumCounts(seen.map(({ kinds }) => kinds)),
    before: sum(parts.map(({ part, field }) => field?.before ?? trialsOf(part, path))),
    ...sum(
      seen.map(({ candidate, second, firstCandidate, firstSecond, onlyCandidate, onlySecond, inBoth }) => ({
        candidate,
        second,
        firstCandidate,
        firstSecond,
        onlyCandidate,
        onlySecond,
        inBoth,
      })),
    ),
    firstMs: Math.min(...seen.map(({ firstMs }) => firstMs)),
    lastMs: Math.max(...seen.map(({ lastMs }) => lastMs)),
    examples: seen.flatMap(({ examples }) => examples).slice(0, MOST_EXAMPLES),
  };
}

/** Numbers the fields of all templates anew, in the order in which they were first seen. */
function reorder(templates: readonly TemplateTally[]): readonly TemplateTally[] {
  const all = templates.flatMap(({ fields }) => fields);
  const sorted = all.toSorted((a, b) => a.firstMs - b.firstMs || a.order - b.order);
  const orders = new Map(sorted.map((field, order) => [field, order]));
  return templates.map((template) => ({ ...template, fields: template.fields.map((field) => ({ ...field, order: orders.get(field)! })) }));
}

function mergeLatencies(parts: readonly LatencyTally[]): LatencyTally {
  const merged = (of: (part: LatencyTally) => BucketCounts): BucketCounts => {
    const histogram = new LogHistogram();
    for (const part of parts) histogram.merge(of(part));
    return histogram.counts();
  };
  return {
    primary: merged((part) => part.primary),
    candidate: merged((part) => part.candidate),
    second: merged((part) => part.second),
    ...sum(parts.map(({ slower, faster }) => ({ slower, faster }))),
  };
}

function sum<T extends { readonly [K in keyof T]: number }>(parts: readonly T[]): T {
  const total: Record<string, number> = {};
  for (const part of parts) for (const [key, value] of Object.entries<number>(part)) total[key] = (total[key] ?? 0) + value;
  return total as T;
}

function sumCounts<K extends string>(parts: readonly Counts<K>[]): Counts<K> {
  return sum(parts as readonly Record<string, number>[]) as Counts<K>;
}
