// A report from what was counted: rates with their bounds, what differs for real, latencies. Pure; may be asked at any time, as often as
// anybody likes.

import type { OutcomeCode } from '../telemetry/outcomes.ts';
import type { Interval } from './bets.ts';
import { rateInterval } from './rate-interval.ts';
import type { LatencyReport } from './describe-latency.ts';
import { describeLatency } from './describe-latency.ts';
import type { Kind, Uncompared } from './difference.ts';
import { evidenceOf, trialsOf } from './field-evidence.ts';
import { excessInterval, judgeField } from './judge-field.ts';
import type { Counts, Example, FieldTally, ReportTally, TemplateTally } from './report-tally.ts';
import type { JudgeSettings } from './judge-settings.ts';
import type { VerdictReport } from './verdict.ts';
import { judgeReport } from './verdict.ts';

/** A share of requests with bounds that hold at all times. */
export interface Rate extends Interval {
  readonly count: number;
  readonly of: number;
  readonly rate: number;
}

export interface FieldReport {
  readonly route: string;
  readonly template: string;
  readonly path: string;
  /** Differs more than its noise, and not by chance. */
  readonly isReal: boolean;
  readonly log10Evidence: number;
  readonly differences: Rate;
  /** Undefined where no second copy was compared. */
  readonly noise: Rate | undefined;
  /** Bounds of the share of requests that differ beyond the noise. */
  readonly excess: Interval;
  readonly kinds: Counts<Kind>;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly examples: readonly Example[];
}

export interface TemplateReport {
  readonly route: string;
  readonly template: string;
  readonly exchanges: number;
  readonly compared: number;
  /** Requests with a second answer of the primary. */
  readonly seconded: number;
  readonly uncompared: Counts<Uncompared>;
  readonly cutShort: number;
  readonly outcomes: Readonly<Record<'primary' | 'candidate' | 'second', Counts<OutcomeCode>>>;
  readonly latency: LatencyReport;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface Report {
  readonly verdict: VerdictReport;
  /** What differs for real first, then by evidence. */
  readonly fields: readonly FieldReport[];
  /** Fields that are counted and not listed. */
  readonly unlistedFields: number;
  readonly templates: readonly TemplateReport[];
  readonly overflow: ReportTally['overflow'];
}

/** `mostFields` bounds what is listed, not what is judged. */
export function describeReport(tally: ReportTally, settings: JudgeSettings, mostFields: number): Report {
  const ranked = tally.templates.flatMap((template) => template.fields.map((field) => rank(template, field, settings)));
  ranked.sort((a, b) => Number(b.isReal) - Number(a.isReal) || b.log10Evidence - a.log10Evidence || b.field.candidate - a.field.candidate);
  return {
    verdict: judgeReport(tally, settings),
    fields: ranked.slice(0, mostFields).map((one) => describeField(one, settings)),
    unlistedFields: Math.max(0, ranked.length - mostFields),
    templates: tally.templates.map((template) => describeTemplate(template, settings)),
    overflow: tally.overflow,
  };
}

interface Ranked {
  readonly template: TemplateTally;
  readonly field: FieldTally;
  readonly isReal: boolean;
  readonly log10Evidence: number;
}

function rank(template: TemplateTally, field: FieldTally, settings: JudgeSettings): Ranked {
  return { template, field, ...judgeField(...evidenceOf(template, field, settings)) };
}

function describeField({ template, field, isReal, log10Evidence }: Ranked, settings: JudgeSettings): FieldReport {
  const { route } = template;
  const { path, kinds, firstMs, lastMs, examples } = field;
  const trials = trialsOf(template, path);
  return {
    ...{ route, template: template.template, path, isReal, log10Evidence },
    differences: rateOf(field.candidate, trials.candidate, settings.falseAlarm),
    noise: trials.second === 0 ? undefined : rateOf(field.second, trials.second, settings.falseAlarm),
    excess: excessInterval(...evidenceOf(template, field, settings)),
    ...{ kinds, firstMs, lastMs, examples },
  };
}

function describeTemplate(tally: TemplateTally, settings: JudgeSettings): TemplateReport {
  const { route, template, exchanges, answers, uncompared, cutShort, outcomes, firstMs, lastMs } = tally;
  return {
    ...{ route, template, exchanges, compared: answers.candidate, seconded: answers.second, uncompared, cutShort, outcomes },
    latency: describeLatency(tally.latency, settings.falseAlarm),
    ...{ firstMs, lastMs },
  };
}

function rateOf(count: number, of: number, alpha: number): Rate {
  return { count, of, rate: of === 0 ? 0 : count / of, ...rateInterval(count, of, alpha) };
}
