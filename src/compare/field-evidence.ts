// What the counts of a field say for a judgement, and how much of the allowed false alarms it may use.

import { alphaPart } from '../analysis/alpha.ts';
import type { FieldEvidence, FieldTest } from './judge-field.ts';
import type { JudgeSettings } from './judge-settings.ts';
import { ALARM_PARTS } from './judge-settings.ts';
import type { FieldTally, TemplateTally, Trials } from './report-tally.ts';

/** What the counts after the first sight of a field say, and the chance of a false alarm that it may use. */
export function evidenceOf(template: TemplateTally, field: FieldTally, settings: JudgeSettings): readonly [FieldEvidence, FieldTest] {
  const trials = trialsOf(template, field.path);
  const { before, onlyCandidate, onlySecondary, inBoth } = field;
  const evidence = {
    pairs: { total: trials.both - before.both, onlyCandidate, onlySecondary, both: inBoth },
    candidate: { total: trials.candidate - before.candidate, differing: field.candidate - field.firstCandidate },
    secondary: { total: trials.secondary - before.secondary, differing: field.secondary - field.firstSecondary },
  };
  const { relativeMargin, leastRate } = settings;
  // Outcomes have the primary's own failures for noise, whether or not there are second copies.
  const noise = field.path === 'outcome' ? 'measured' : settings.noise;
  return [evidence, { alpha: settings.falseAlarm * ALARM_PARTS.fields * alphaPart(field.order), relativeMargin, leastRate, noise }];
}

/** The trials of a field of this path: outcomes are tried in every exchange, all else in every response that was compared. */
export function trialsOf({ responses, attempts }: TemplateTally, path: string): Trials {
  return path === 'outcome' ? { candidate: attempts, secondary: attempts, both: attempts } : responses;
}
