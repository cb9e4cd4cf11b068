// What a check allows, in words. Pure.

import { formatDuration } from '../../config/duration.ts';
import type { RolloutCheck } from '../../config/rollout-model.ts';
import type { RolloutState } from '../../rollout/model.ts';

export function describeBound(check: RolloutCheck, { baseline, canary }: Pick<RolloutState, 'baseline' | 'canary'>): string {
  switch (check.kind) {
    case 'errors': {
      const orSo = check.absolute === undefined ? '' : `; harmless also when ${percent(check.absolute)} more are ruled out`;
      return `fails when ${canary} is shown to fail more than ${check.ratio} times as often as ${baseline}${orSo}`;
    }
    case 'latency':
      return `fails when responses of ${canary} are shown to take more than ${check.ratio} times as long as those of ${baseline}`;
    case 'gave-up':
      return `fails when clients are shown to leave ${canary} ${check.ratio} times as often, or as rarely, as ${baseline}`;
    case 'client-errors':
      return `fails when ${canary} is shown to have ${check.ratio} times as many, or as few, statuses of 400 to 499 as ${baseline}`;
    case 'redirects':
      return `fails when ${canary} is shown to have ${check.ratio} times as many, or as few, statuses of 300 to 399 as ${baseline}`;
    case 'empty-bodies':
      return `fails when ${canary} is shown to have ${check.ratio} times as many, or as few, responses without a body as ${baseline}`;
    case 'small-bodies':
      return `fails when ${canary} is shown to have ${check.ratio} times as many, or as few, much smaller bodies as ${baseline}`;
    case 'error-rate':
      return `fails when more than ${percent(check.max)} of the requests of ${canary} failed in the last ${formatDuration(check.overMs)}`;
    case 'slow':
      return `fails when the p${check.quantile * 100} of ${canary} was beyond ${formatDuration(check.maxMs)} in the last ${formatDuration(check.overMs)}`;
    case 'event':
      return `fails when the event is shown to come ${percent(check.worseThan)} less often with ${canary}`;
    case 'value':
      return `fails when ${check.name} is shown to be ${percent(check.worseThan)} lower per user of ${canary}`;
    case 'alarm':
      return `fails while the alarm ${check.alertname} is on`;
    case 'comparison':
      return `fails when the comparison of mirror ${check.mirror} says fail`;
    case 'webhook':
      return `fails after ${check.failures} refusals in a row`;
    case 'prometheus': {
      const sides = [check.max === undefined ? '' : `above ${check.max}`, check.min === undefined ? '' : `below ${check.min}`];
      return `fails when the query is ${sides.filter((side) => side !== '').join(' or ')} for ${formatDuration(check.forMs)}`;
    }
  }
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(4))} %`;
}
