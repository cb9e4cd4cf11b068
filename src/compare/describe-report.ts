// A report from what was counted: rates with their bounds, what differs for real, latencies. Pure; may be called at any time, and as often as
// one likes.

import type { FieldReport, Rate, Report, TemplateReport } from './mirror-report.ts';
import { rateInterval } from '../analysis/rate-interval.ts';
import { describeLatency } from './describe-latency.ts';
import { evidenceOf, trialsOf } from './field-evidence.ts';
import { excessInterval } from './judge-field.ts';
import type { RankedField } from './rank-fields.ts';
import { rankFields } from './rank-fields.ts';
import type { ReportTally, TemplateTally } from './report-tally.ts';
import type { JudgeSettings } from './judge-settings.ts';
import { judgeReport } from './verdict.ts';

/** `mostListed` bounds the fields and the templates that are listed, not what is judged. What is not listed costs no bounds. */
export function describeReport(tally: ReportTally, settings: JudgeSettings, mostListed: number): Report {
  const ranked = rankFields(tally, settings);
  const busiest = tally.templates.toSorted((a, b) => b.exchanges - a.exchanges);
  return {
    verdict: judgeReport(tally, settings, ranked),
    fields: ranked.slice(0, mostListed).map((one) => describeField(one, settings)),
    unlistedFields: Math.max(0, ranked.length - mostListed),
    templates: busiest.slice(0, mostListed).map((template) => describeTemplate(template, settings)),
    unlistedTemplates: Math.max(0, busiest.length - mostListed),
    overflow: tally.overflow,
  };
}

function describeField({ template, field, isReal, log10Evidence }: RankedField, settings: JudgeSettings): FieldReport {
  const { route } = template;
  const { path, kinds, firstMs, lastMs, examples } = field;
  const trials = trialsOf(template, path);
  return {
    ...{ route, template: template.template, path, isReal, log10Evidence },
    differences: rateOf(field.candidate, trials.candidate, settings.falseAlarm),
    noise: trials.secondary === 0 ? undefined : rateOf(field.secondary, trials.secondary, settings.falseAlarm),
    excess: excessInterval(...evidenceOf(template, field, settings)),
    ...{ kinds, firstMs, lastMs, examples },
  };
}

function describeTemplate(tally: TemplateTally, settings: JudgeSettings): TemplateReport {
  const { route, template, exchanges, responses, uncompared, cutShort, outcomes, firstMs, lastMs } = tally;
  return {
    ...{ route, template, exchanges, compared: responses.candidate, withSecondary: responses.secondary, uncompared, cutShort, outcomes },
    latency: describeLatency(tally.latency, settings.falseAlarm),
    ...{ firstMs, lastMs },
  };
}

function rateOf(count: number, of: number, alpha: number): Rate {
  return { count, of, rate: of === 0 ? 0 : count / of, ...rateInterval(count, of, alpha) };
}
