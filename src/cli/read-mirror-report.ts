// The report of a mirror and its missed writes as the admin API tells them, read with care: texts come from upstreams, and are cut and made
// safe to print.

import { fieldsOf, isFields, listOf, number, optionalText, type Fields } from './responses.ts';

export interface IntervalResponse {
  readonly low: number;
  readonly high: number;
}

export interface FieldResponse {
  readonly route: string;
  readonly template: string;
  readonly path: string;
  readonly isReal: boolean;
  /** Shares of requests, 0 to 1; noise is undefined where nothing says what it is. */
  readonly differs: number;
  readonly noise: number | undefined;
  /** Of differences, the most frequent first. */
  readonly kinds: readonly string[];
  /** `string(3) -> absent`; empty without one. */
  readonly example: string;
}

interface QuantilesResponse {
  readonly p50: number | undefined;
  readonly p90: number | undefined;
  readonly p99: number | undefined;
}

export interface TemplateResponse {
  readonly route: string;
  readonly template: string;
  readonly exchanges: number;
  readonly compared: number;
  readonly uncompared: Counted;
  readonly cutShort: number;
  readonly outcomes: { readonly primary: Counted; readonly candidate: Counted };
  readonly primary: QuantilesResponse;
  readonly candidate: QuantilesResponse;
  /** Share of requests in which the candidate was slower. */
  readonly slower: number | undefined;
}

/** How many by name. */
export type Counted = ReadonlyMap<string, number>;

export interface ReportResponse {
  readonly pool: string;
  readonly mirror: string;
  readonly candidate: { readonly pool: string; readonly version: string };
  readonly sinceMs: number;
  readonly verdict: string;
  readonly reason: string;
  readonly compared: number;
  readonly withSecondary: number;
  readonly differenceRate: IntervalResponse;
  readonly failureRate: IntervalResponse;
  readonly fields: readonly FieldResponse[];
  readonly unlistedFields: number;
  readonly templates: readonly TemplateResponse[];
  readonly overflow: { readonly requests: number; readonly differences: number };
  readonly dropped: number;
}

export interface MissedWriteResponse {
  readonly seq: number;
  readonly atMs: number;
  readonly request: string;
  readonly id: string;
  readonly primaryStatus: number | undefined;
  readonly reason: string;
  readonly status: number | undefined;
}

export interface MissedResponse {
  readonly total: number;
  /** As they came, beside what is shown of them. */
  readonly writes: readonly { readonly body: unknown; readonly write: MissedWriteResponse }[];
  readonly next: number | undefined;
}

const MAX_TEXT_LENGTH = 300;
/** Names of fields and paths are in it. */
const MAX_REASON_LENGTH = 1000;

export function readReport(body: unknown): ReportResponse {
  const fields = fieldsOf(body, 'the report');
  const verdict = fieldsOf(fields['verdict'], 'verdict');
  const candidate = fieldsOf(fields['candidate'], 'candidate');
  const overflow = fieldsOf(fields['overflow'], 'overflow');
  return {
    pool: optionalText(fields, 'pool'),
    mirror: optionalText(fields, 'mirror'),
    candidate: { pool: optionalText(candidate, 'pool'), version: optionalText(candidate, 'version') },
    sinceMs: number(fields, 'sinceMs'),
    verdict: optionalText(verdict, 'verdict'),
    reason: shortText(verdict, 'reason', MAX_REASON_LENGTH),
    compared: number(verdict, 'compared'),
    withSecondary: number(verdict, 'withSecondary'),
    differenceRate: readInterval(verdict['differenceRate']),
    failureRate: readInterval(verdict['failureRate']),
    fields: listOf(fields['fields'], 'fields').map(readField),
    unlistedFields: number(fields, 'unlistedFields'),
    templates: listOf(fields['templates'], 'templates').map(readTemplate),
    overflow: { requests: number(overflow, 'requests'), differences: number(overflow, 'differences') },
    dropped: number(fields, 'dropped'),
  };
}

export function readMissed(body: unknown): MissedResponse {
  const fields = fieldsOf(body, 'the response');
  return {
    total: number(fields, 'total'),
    writes: listOf(fields['writes'], 'writes').map((each) => ({ body: each, write: readMissedWrite(fieldsOf(each, 'a write')) })),
    next: optionalNumber(fields, 'next'),
  };
}

function readMissedWrite(fields: Fields): MissedWriteResponse {
  return {
    seq: number(fields, 'seq'),
    atMs: number(fields, 'atMs'),
    request: `${shortText(fields, 'method')} ${shortText(fields, 'authority')}${shortText(fields, 'target')}`,
    id: shortText(fields, 'id'),
    primaryStatus: optionalNumber(fields, 'primaryStatus'),
    reason: shortText(fields, 'reason'),
    status: optionalNumber(fields, 'status'),
  };
}

function readField(body: unknown): FieldResponse {
  const fields = fieldsOf(body, 'a field');
  const [example] = listOf(fields['examples'], 'examples');
  const sides = isFields(example) ? [shortText(example, 'primary'), shortText(example, 'candidate')] : [];
  return {
    route: shortText(fields, 'route'),
    template: shortText(fields, 'template'),
    path: shortText(fields, 'path'),
    isReal: fields['isReal'] === true,
    differs: number(fieldsOf(fields['differences'], 'differences'), 'rate'),
    noise: isFields(fields['noise']) ? number(fields['noise'], 'rate') : undefined,
    kinds: [...readCounts(fields['kinds'])].sort(([, a], [, b]) => b - a).map(([kind]) => kind),
    example: sides.join(' -> '),
  };
}

function readTemplate(body: unknown): TemplateResponse {
  const fields = fieldsOf(body, 'a template');
  const [latency, outcomes] = [fieldsOf(fields['latency'], 'latency'), fieldsOf(fields['outcomes'], 'outcomes')];
  return {
    route: shortText(fields, 'route'),
    template: shortText(fields, 'template'),
    exchanges: number(fields, 'exchanges'),
    compared: number(fields, 'compared'),
    uncompared: readCounts(fields['uncompared']),
    cutShort: number(fields, 'cutShort'),
    outcomes: { primary: readCounts(outcomes['primary']), candidate: readCounts(outcomes['candidate']) },
    primary: readQuantiles(latency['primary']),
    candidate: readQuantiles(latency['candidate']),
    slower: isFields(latency['slower']) ? optionalNumber(latency['slower'], 'rate') : undefined,
  };
}

function readQuantiles(value: unknown): QuantilesResponse {
  const fields = fieldsOf(value, 'latency');
  return { p50: optionalNumber(fields, 'p50'), p90: optionalNumber(fields, 'p90'), p99: optionalNumber(fields, 'p99') };
}

function readInterval(value: unknown): IntervalResponse {
  const fields = fieldsOf(value, 'a rate');
  return { low: number(fields, 'low'), high: number(fields, 'high') };
}

function readCounts(value: unknown): Counted {
  const counts = new Map<string, number>();
  if (!isFields(value)) return counts;
  for (const [name, count] of Object.entries(value)) {
    if (typeof count === 'number' && count > 0) counts.set(shortText({ name }, 'name'), count);
  }
  return counts;
}

/** Cut before it is looked through: it may be as long as the answer. */
function shortText(fields: Fields, name: string, longest = MAX_TEXT_LENGTH): string {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return typeof value === 'string' ? optionalText({ value: value.slice(0, longest) }, 'value') : '';
}

function optionalNumber(fields: Fields, name: string): number | undefined {
  return fields[name] === undefined ? undefined : number(fields, name);
}
