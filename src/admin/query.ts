// The query parameters of calls: one table, which the OpenAPI document shows as well. An unknown parameter is refused.

import { DEFAULT_PER_PAGE, MAX_NAME_LENGTH, MAX_NEWEST, MAX_PER_PAGE, MAX_REASON_LENGTH, MAX_REQUEST_ID_LENGTH } from '../api/bounds.ts';
import { JOURNAL_KINDS } from '../api/journal-kinds.ts';
import { DURATION_PATTERN, parseDuration } from '../config/duration.ts';
import { didYouMean } from '../config/suggest.ts';
import { isPlainText } from '../config/syntax.ts';
import { OUTCOMES } from '../telemetry/outcomes.ts';
import { HttpProblem } from './problem-reply.ts';

const MAX_NUMBER = Number.MAX_SAFE_INTEGER;

export const PARAMETERS = {
  dryRun: { type: 'boolean', default: false, description: 'true: changes nothing and says what would change.' },
  reason: {
    type: 'string',
    maxLength: MAX_REASON_LENGTH,
    description: 'Why the change is made, for the journal; where the body does not say it.',
  },
  force: {
    type: 'boolean',
    default: false,
    description: 'true: also when requests would get 503 because versions are drained, which is refused without it (409).',
  },
  before: { type: 'integer', minimum: 1, maximum: MAX_NUMBER, description: 'Only what is older than this revision.' },
  limit: { type: 'integer', minimum: 1, maximum: MAX_PER_PAGE, default: DEFAULT_PER_PAGE, description: 'How many at most.' },
  kind: { type: 'string', enum: JOURNAL_KINDS, description: 'Only those of this kind.' },
  since: {
    type: 'string',
    pattern: DURATION_PATTERN,
    maxLength: 20,
    description: 'Only what happened within this time before now, such as 10m.',
  },
  last: {
    type: 'integer',
    minimum: 1,
    maximum: MAX_NEWEST,
    description: 'How many of the newest that fit; without it the oldest come first.',
  },
  after: {
    type: 'integer',
    minimum: 0,
    maximum: MAX_NUMBER,
    description: 'Only what comes after this number of the list; in the journal it means the same as Last-Event-ID.',
  },
  pool: { type: 'string', maxLength: MAX_NAME_LENGTH, description: 'Only those of this pool.' },
  version: { type: 'string', maxLength: MAX_NAME_LENGTH, description: 'Only those of this version.' },
  route: { type: 'string', maxLength: MAX_NAME_LENGTH, description: 'Only those of this route.' },
  outcome: { type: 'string', enum: OUTCOMES.map(({ code }) => code), description: 'Only those that ended so.' },
  status: { type: 'integer', minimum: 100, maximum: 599, description: 'Only those with this status.' },
  id: { type: 'string', maxLength: MAX_REQUEST_ID_LENGTH, description: 'Only the one with this request id.' },
  window: {
    type: 'string',
    pattern: DURATION_PATTERN,
    maxLength: 20,
    default: '60s',
    description: 'What happened within this time before now: 1s to 5m.',
  },
} as const;

export type ParameterName = keyof typeof PARAMETERS;

export interface Query {
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly reason: string | undefined;
  readonly before: number | undefined;
  readonly limit: number;
  readonly after: number | undefined;
  readonly pool: string | undefined;
  readonly version: string | undefined;
  readonly kind: string | undefined;
  /** Milliseconds. */
  readonly since: number | undefined;
  readonly last: number | undefined;
  readonly route: string | undefined;
  readonly outcome: string | undefined;
  readonly status: number | undefined;
  readonly id: string | undefined;
  /** Milliseconds. */
  readonly window: number;
}

const UNSAID: Query = {
  dryRun: false,
  force: false,
  reason: undefined,
  before: undefined,
  limit: PARAMETERS.limit.default,
  after: undefined,
  pool: undefined,
  version: undefined,
  route: undefined,
  outcome: undefined,
  status: undefined,
  id: undefined,
  kind: undefined,
  since: undefined,
  last: undefined,
  window: 60_000,
};

/** Throws an HttpProblem (400) for a parameter that is not among `names`, comes twice, or is not what the table says. */
export function readQuery(sent: unknown, names: readonly ParameterName[]): Query {
  const query: Record<string, unknown> = { ...UNSAID };
  for (const [name, value] of Object.entries((sent ?? {}) as Record<string, unknown>)) {
    const known = names.find((each) => each === name);
    if (known === undefined) throw refuse(name, unknownParameter(name, names));
    if (typeof value !== 'string') throw refuse(name, `${name} may come only once`);
    query[known] = readValue(known, value);
  }
  return query as unknown as Query;
}

function readValue(name: ParameterName, text: string): string | number | boolean {
  const rule = PARAMETERS[name];
  switch (rule.type) {
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true';
      throw refuse(name, `${name} must be true or false`);
    case 'integer': {
      const number = /^[0-9]{1,16}$/.test(text) ? Number(text) : NaN;
      if (number >= rule.minimum && number <= rule.maximum) return number;
      throw refuse(name, `${name} must be a whole number from ${rule.minimum} to ${rule.maximum}`);
    }
    case 'string':
      if ('pattern' in rule) return readDuration(name, text);
      if ('enum' in rule) return readChoice(name, text, rule.enum);
      if (text.length <= rule.maxLength && isPlainText(text)) return text;
      throw refuse(name, `${name} must be at most ${rule.maxLength} characters without control characters`);
  }
}

function readDuration(name: ParameterName, text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw refuse(name, `${name} must be a time such as 30s, 10m, 2h or 1d`);
}

function readChoice(name: ParameterName, text: string, choices: readonly string[]): string {
  if (choices.includes(text)) return text;
  throw refuse(name, `${name} must be one of ${choices.join(', ')}${didYouMean(text.slice(0, MAX_NAME_LENGTH), choices)}`);
}

function unknownParameter(name: string, names: readonly ParameterName[]): string {
  const hint = didYouMean(name, names);
  return `there is no query parameter ${JSON.stringify(name.slice(0, 64))} here${hint === '' ? '' : hint}`;
}

function refuse(path: string, message: string): HttpProblem {
  return new HttpProblem(400, 'The query is not what this call takes.', { problems: [{ path: path.slice(0, 64), message }] });
}
