// What a config says of a comparison, in the words of those who compare. Pure.

import type { CompareConfig } from '../config/model.ts';
import type { ComparerSettings } from '../compare/comparer.ts';
import type { ComparisonSettings } from '../compare/comparison-rules.ts';
import { DEFAULT_JUDGE } from '../compare/judge-settings.ts';
import type { JudgeSettings } from '../compare/judge-settings.ts';

export function comparerSettings({ headers, ignore, lists, numbers, redact, examples, bodyBytes }: CompareConfig): ComparerSettings {
  return { comparison: { headers, ignore, lists: lists.map(listSetting), numbers, redact, limits: { bodyBytes } }, examples };
}

export function judgeSettings({ noisePercent, verdict }: CompareConfig): JudgeSettings {
  return {
    ...DEFAULT_JUDGE,
    minRequests: verdict.minRequests,
    maxDifferenceRate: verdict.maxDifferences,
    maxFailureRate: verdict.maxFailures,
    noise: noisePercent === 0 ? 'absent' : 'measured',
  };
}

function listSetting({ path, as, by }: CompareConfig['lists'][number]): NonNullable<ComparisonSettings['lists']>[number] {
  return by === undefined ? { path, as } : { path, as, by };
}
