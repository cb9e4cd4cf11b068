// Judges every field of a report, once, and puts the surest first.

import { evidenceOf } from './field-evidence.ts';
import { judgeField } from './judge-field.ts';
import type { JudgeSettings } from './judge-settings.ts';
import type { FieldTally, ReportTally, TemplateTally } from './report-tally.ts';

export interface RankedField {
  readonly template: TemplateTally;
  readonly field: FieldTally;
  readonly isReal: boolean;
  readonly log10Evidence: number;
}

/** What differs for real first, then by evidence, then by how often it differs. */
export function rankFields(tally: ReportTally, settings: JudgeSettings): readonly RankedField[] {
  const ranked = tally.templates.flatMap((template) =>
    template.fields.map((field) => ({ template, field, ...judgeField(...evidenceOf(template, field, settings)) })),
  );
  return ranked.sort(
    (a, b) => Number(b.isReal) - Number(a.isReal) || b.log10Evidence - a.log10Evidence || b.field.candidate - a.field.candidate,
  );
}
