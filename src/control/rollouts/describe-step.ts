// A step of a rollout in words. Pure.

import type { RolloutStep, Until } from '../../config/rollout-model.ts';
import { formatDuration } from '../../config/duration.ts';
import { formatCount } from '../../rollout/sentences.ts';

export function describeStep(step: RolloutStep): string {
  switch (step.kind) {
    case 'smoke':
      return `${counted(
        step.requests.reduce((all, { times }) => all + times, 0),
        'smoke request',
      )} straight to the canary`;
    case 'mirror':
      return `copies of requests for the canary, ${step.until === 'verdict' ? 'until the comparison has a verdict' : `for ${formatDuration(step.forMs)}`}`;
    case 'cohort':
      return `the cohort ${step.name} alone${held(step.forMs, 'time')}`;
    case 'weight':
      return `${percent(step.share)}${step.rampMs === 0 ? '' : `, rising over ${formatDuration(step.rampMs)},`}${held(step.forMs, step.until)}`;
    case 'approve':
      return `waits for an approval by an ${step.by}${step.notStarter ? ', not the one who started it' : ''}`;
    case 'watch':
      return `watches for ${formatDuration(step.forMs)}${step.holdback === 0 ? '' : `, the baseline keeps ${percent(step.holdback)}`}`;
    case 'replace':
      return `replaces endpoints in place, ${percent(step.batch)} at a time`;
    case 'recreate':
      return 'holds requests while the endpoints are made anew';
  }
}

/** Of the canary; undefined where the step sets none. */
export function shareOfStep(step: RolloutStep): number | undefined {
  if (step.kind === 'weight') return step.share;
  return step.kind === 'watch' ? 1 - step.holdback : undefined;
}

function held(forMs: number, until: Until): string {
  const time = forMs === 0 ? '' : ` for ${formatDuration(forMs)}`;
  if (until === 'time') return time;
  return `${time}${time === '' ? '' : ', and'} until ${until === 'evidence' ? 'the evidence suffices' : 'one version is shown to be better'}`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(4))} %`;
}

function counted(number: number, one: string): string {
  return `${formatCount(number)} ${one}${number === 1 ? '' : 's'}`;
}
