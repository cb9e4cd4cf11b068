// Schema of the checks of a rollout: of each, exactly one kind is written.

import { z } from 'zod';
import type { CheckAction, CheckKind, OnFail, RolloutCheck } from '../rollout-model.ts';
import { DEFAULT_LATENCY_RATIO } from '../shipped-rollouts.ts';
import { errorRate, errors, event, fewer, prometheus, ratioOf, slow, value, webhook } from './rollout-check-kinds.ts';
import { nonEmptyText } from './scalar.ts';
import { addProblem, exactlyOneFault, flag, nameOf, oneOf, strictMap } from './strict-map.ts';
import type { IssueContext } from './strict-map.ts';

const KINDS = [
  'errors',
  'latency',
  'gaveUp',
  'clientErrors',
  'redirects',
  'emptyBodies',
  'smallBodies',
  'errorRate',
  'slow',
  'event',
  'value',
  'prometheus',
  'webhook',
  'alarm',
  'comparison',
] as const;

/** What a failed check that is not critical does where it does not say. */
const ACTIONS: Readonly<Record<CheckKind['kind'], OnFail | 'warn' | 'critical'>> = {
  errors: 'critical',
  latency: 'critical',
  'error-rate': 'critical',
  slow: 'critical',
  alarm: 'critical',
  'gave-up': 'warn',
  value: 'warn',
  'client-errors': 'hold',
  redirects: 'hold',
  'empty-bodies': 'hold',
  'small-bodies': 'hold',
  event: 'hold',
  prometheus: 'hold',
  webhook: 'hold',
  comparison: 'hold',
};

/** What a check needs of its template. */
export type UnsettledCheck = (onFail: OnFail) => RolloutCheck;

export function check() {
  const found = strictMap({
    name: nameOf('check').describe('Name of the check.'),
    critical: flag()
      .describe('A step until: evidence waits for it; default: true for errors, latency, errorRate, slow and alarm.')
      .optional(),
    onFail: oneOf('onFail', ['rollback', 'previous', 'hold', 'warn'])
      .describe('What happens when it fails; default: of a critical check, as the rollout says.')
      .optional(),
    errors: errors().describe('Failed requests of the canary against those of the baseline.').optional(),
    latency: ratioOf('latency', DEFAULT_LATENCY_RATIO)
      .describe('Time until the head of the response, of canary against baseline.')
      .optional(),
    gaveUp: ratioOf('gaveUp', 2).describe('Clients that give up, in both directions.').optional(),
    ...shapes(),
    errorRate: errorRate().describe('An absolute guard: the share of failed requests.').optional(),
    slow: slow().describe('An absolute guard: a quantile of the time until the head of the response.').optional(),
    event: event().describe('A good event, of which the canary may not have fewer.').optional(),
    value: value().describe('A value per user, of which the canary may not have less.').optional(),
    worseThan: fewer().describe('Of event and value: by how much less is still right; default: -5%.').optional(),
    prometheus: prometheus().describe('A query of a Prometheus.').optional(),
    webhook: webhook().describe('A program that says whether the rollout may go on.').optional(),
    alarm: strictMap({ alertname: nonEmptyText('alertname').describe('Its label alertname.') })
      .describe('An alarm that is told to the API.')
      .optional(),
    comparison: strictMap({ mirror: nameOf('mirror').describe('A mirror of the pool that compares.') })
      .describe('The verdict of a comparison.')
      .optional(),
  });
  return found.transform((written, context): UnsettledCheck => {
    const fault = exactlyOneFault('a check', KINDS, written);
    if (fault !== undefined) addProblem(context, fault);
    judgeBeside(written, context);
    const kind = fault === undefined ? kindOf(written, written.worseThan ?? 0.05) : undefined;
    if (kind === undefined) return z.NEVER;
    return settle(written, kind);
  });
}

/** What responses look like. */
function shapes() {
  return {
    clientErrors: ratioOf('clientErrors', 1.5).describe('Responses of 400 to 499, in both directions.').optional(),
    redirects: ratioOf('redirects', 1.5).describe('Responses of 300 to 399, in both directions.').optional(),
    emptyBodies: ratioOf('emptyBodies', 1.5).describe('Responses of 200 to 299 without a body, in both directions.').optional(),
    smallBodies: ratioOf('smallBodies', 1.5)
      .describe('Responses of 200 to 299 with less than a quarter of the body that is usual for such a path, in both directions.')
      .optional(),
  };
}

interface Named {
  readonly name: string;
  readonly critical?: boolean | undefined;
  readonly onFail?: CheckAction | undefined;
}

function settle({ name, critical, onFail }: Named, kind: CheckKind): UnsettledCheck {
  const usual = ACTIONS[kind.kind];
  const isCritical = critical ?? (usual === 'critical' && onFail !== 'warn');
  const otherwise = usual === 'critical' ? 'hold' : usual;
  return (ofRollout) => ({ name, critical: isCritical, onFail: onFail ?? (isCritical ? ofRollout : otherwise), ...kind });
}

function judgeBeside(written: Named & Readonly<Record<string, unknown>>, context: IssueContext): void {
  if (written.critical === true && written.onFail === 'warn')
    addProblem(context, 'a critical check does not only warn: write onFail: rollback, previous or hold, or remove critical', ['onFail']);
  if (written['worseThan'] === undefined || written['event'] !== undefined || written['value'] !== undefined) return;
  const kind = KINDS.find((each) => written[each] !== undefined) ?? 'errors';
  addProblem(context, `worseThan stands beside event or value, and within every other kind: write ${kind}: { worseThan: 1.5x }`, [
    'worseThan',
  ]);
}

type Kinds = { readonly [K in (typeof KINDS)[number]]?: unknown };

function kindOf(written: Kinds, worseThan: number): CheckKind | undefined {
  for (const key of KINDS) {
    const found = written[key];
    if (found === undefined) continue;
    switch (key) {
      case 'errors':
      case 'errorRate':
      case 'slow':
      case 'prometheus':
      case 'webhook':
        return found as CheckKind;
      case 'latency':
        return { kind: 'latency', ratio: found as number };
      case 'gaveUp':
        return { kind: 'gave-up', ratio: found as number };
      case 'clientErrors':
        return { kind: 'client-errors', ratio: found as number };
      case 'redirects':
        return { kind: 'redirects', ratio: found as number };
      case 'emptyBodies':
        return { kind: 'empty-bodies', ratio: found as number };
      case 'smallBodies':
        return { kind: 'small-bodies', ratio: found as number };
      case 'event':
      case 'value':
        return { ...(found as object), worseThan } as CheckKind;
      case 'alarm':
        return { kind: 'alarm', ...(found as { alertname: string }) };
      case 'comparison':
        return { kind: 'comparison', ...(found as { mirror: string }) };
    }
  }
  return undefined;
}
