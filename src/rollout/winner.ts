// Of an A/B test: which version has more of the good, as far as a test shows it. Nobody has lost before it does.

import { labelTest, logOfLabels } from '../analysis/label-test.ts';
import { eventsOf } from './events.ts';
import { differenceOf, isValue } from './judge-value.ts';
import type { RolloutState } from './model.ts';
import { formatEvidence } from './sentences.ts';

export interface Winner {
  readonly version: string;
  readonly sentence: string;
}

const MORE = labelTest({ allowed: 1, towards: 'above', least: 1.01, most: 10 });
const FEWER = labelTest({ allowed: 1, towards: 'below', least: 1.01, most: 10 });

/** By the first check of an event or a value that shows one; each direction has half of alpha. */
export function winnerOf(state: RolloutState): Winner | undefined {
  const { baseline, canary, template } = state;
  const alpha = template.alpha * state.alphaShare;
  for (const check of template.checks) {
    if (check.kind === 'event') {
      const at = eventsOf(template).indexOf(check);
      const since = state.evidence.filter(({ segment }) => segment >= state.stepSegment);
      const segments = since.map((each) => ({
        chance: each.share,
        ours: each.canary.events[at] ?? 0,
        theirs: each.baseline.events[at] ?? 0,
      }));
      const [more, fewer] = [logOfLabels(segments, MORE), logOfLabels(segments, FEWER)];
      const [version, log] = more >= fewer ? [canary, more] : [baseline, fewer];
      if (log >= Math.log(2 / alpha))
        return { version, sentence: `${version} wins: more of ${check.name} is shown (${formatEvidence(log)})` };
    } else if (isValue(check)) {
      const position = template.checks.filter(isValue).indexOf(check);
      const since = state.evidence.filter(({ segment }) => segment >= state.stepSegment);
      const difference = differenceOf(since, { position, alpha });
      if (difference === undefined || (difference.low <= 0 && difference.high >= 0)) continue;
      const version = difference.low > 0 ? canary : baseline;
      return { version, sentence: `${version} wins: more of ${check.name} per user is shown` };
    }
  }
  return undefined;
}
