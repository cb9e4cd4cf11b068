// A template of a rollout in the words of the grammar.

import { formatDuration } from './duration.ts';
import type {
  CheckKind,
  EventSource,
  RolloutCheck,
  RolloutHook,
  RolloutStep,
  RolloutTemplate,
  RolloutWindow,
  ValueSource,
} from './rollout-model.ts';
import { WEEKDAYS } from './rollout-model.ts';
import { describeFields } from './secret.ts';
import type { SecretSource } from './secret.ts';

/** By name. */
export function describeRollouts(templates: readonly RolloutTemplate[]): object {
  return Object.fromEntries(templates.map((template) => [template.name, describeRollout(template)]));
}

function describeRollout({ strategy, steps, checks, hooks, breaker, ...template }: RolloutTemplate): object {
  return {
    strategy,
    steps: steps.map((step, index) => describeStep(step, sharesBefore(steps, index))),
    checks: checks.map(describeCheck),
    alpha: template.alpha,
    warmup: formatDuration(template.warmupMs),
    onFail: template.onFail,
    hooks: hooks.map(describeHook),
    breaker: { failures: breaker.failures, blockFor: formatDuration(breaker.blockForMs) },
    keepWarm: formatDuration(template.keepWarmMs),
    windows: template.windows.map(describeWindow),
  };
}

/** The share of the weight before this step; 0 when there is none. */
export function sharesBefore(steps: readonly RolloutStep[], index: number): number {
  const before = steps.slice(0, index).findLast((step) => step.kind === 'weight');
  return before?.kind === 'weight' ? before.share : 0;
}

function describeStep(step: RolloutStep, before: number): object {
  switch (step.kind) {
    case 'smoke':
      return { smoke: step.requests.map(describeSmoke), ...describeGate(step) };
    case 'mirror':
      return { mirror: { ...step.mirror, for: formatDuration(step.forMs), until: step.until, ...describeGate(step) } };
    case 'cohort':
      return { cohort: { name: step.name, ...step.override, for: formatDuration(step.forMs), ...describeGate(step) } };
    case 'weight':
      return {
        weight: formatShare(step.share),
        for: formatDuration(step.forMs),
        ramp: formatDuration(step.rampMs),
        until: step.until,
        ...describeGate(step),
        lower: step.share < before ? true : undefined,
      };
    case 'approve':
      return { approve: { by: step.by, notStarter: step.notStarter, ...describeGate(step) } };
    case 'watch':
      return { watch: { for: formatDuration(step.forMs), holdback: step.holdback } };
    case 'replace': {
      const { batch, maxUnavailable } = step;
      return { replace: { batch, maxUnavailable, minReady: formatDuration(step.minReadyMs), ...describeGate(step) } };
    }
    case 'recreate':
      return { recreate: { minReady: formatDuration(step.minReadyMs), ...describeGate(step) } };
  }
}

function describeGate({ atMostMs, onTimeout }: { readonly atMostMs: number; readonly onTimeout: string }): object {
  return { atMost: formatDuration(atMostMs), onTimeout };
}

function describeSmoke({ expect, headers, ...request }: Extract<RolloutStep, { kind: 'smoke' }>['requests'][number]): object {
  const { status, body, withinMs } = expect;
  return { ...request, headers: describeFields(headers), expect: { status, body, within: formatDuration(withinMs) } };
}

function describeCheck(check: RolloutCheck): object {
  const { name, critical, onFail } = check;
  return { name, critical, onFail, ...describeKind(check) };
}

function describeKind(kind: CheckKind): object {
  switch (kind.kind) {
    case 'errors':
      return { errors: { worseThan: formatRatio(kind.ratio), absolute: kind.absolute ?? 'off' } };
    case 'latency':
      return { latency: { worseThan: formatRatio(kind.ratio) } };
    case 'gave-up':
      return { gaveUp: { worseThan: formatRatio(kind.ratio) } };
    case 'client-errors':
      return { clientErrors: { worseThan: formatRatio(kind.ratio) } };
    case 'redirects':
      return { redirects: { worseThan: formatRatio(kind.ratio) } };
    case 'empty-bodies':
      return { emptyBodies: { worseThan: formatRatio(kind.ratio) } };
    case 'small-bodies':
      return { smallBodies: { worseThan: formatRatio(kind.ratio) } };
    case 'error-rate':
      return { errorRate: { max: kind.max, over: formatDuration(kind.overMs) } };
    case 'slow':
      return { slow: { [`p${Math.round(kind.quantile * 100)}`]: formatDuration(kind.maxMs), over: formatDuration(kind.overMs) } };
    case 'event':
      return { event: describeSource(kind.source), worseThan: formatFewer(kind.worseThan) };
    case 'value':
      return { value: { ...describeValue(kind.source), cap: kind.cap }, worseThan: formatFewer(kind.worseThan) };
    case 'alarm':
      return { alarm: { alertname: kind.alertname } };
    case 'comparison':
      return { comparison: { mirror: kind.mirror } };
    case 'prometheus': {
      const { address, query, max, min, forMs } = kind;
      return { prometheus: { address, query, max, min, for: formatDuration(forMs), ...describePolled(kind) } };
    }
    case 'webhook': {
      const { url, failures, secret } = kind;
      return { webhook: { url, secret: secret && describeSecret(secret), failures, ...describePolled(kind) } };
    }
  }
}

function describePolled({ intervalMs, timeoutMs, whenGone }: Extract<CheckKind, { kind: 'webhook' | 'prometheus' }>): object {
  return { interval: formatDuration(intervalMs), timeout: formatDuration(timeoutMs), whenGone };
}

function describeSource(source: EventSource): object {
  switch (source.kind) {
    case 'response-header':
      return { response: { header: source.name } };
    case 'route':
      return { route: source.route };
    case 'told':
      return { told: source.event };
  }
}

function describeValue(source: ValueSource): object {
  return source.kind === 'told' ? { event: source.event } : { response: { header: source.name } };
}

function describeHook({ secret, timeoutMs, ...hook }: RolloutHook): object {
  const { on, url, retries, required } = hook;
  return { on, url, secret: secret && describeSecret(secret), timeout: formatDuration(timeoutMs), retries, required };
}

/** As it is written. */
function describeWindow({ days, fromMinute, toMinute, timezone }: RolloutWindow): object {
  return { days: days.map((day) => WEEKDAYS[day - 1]), from: formatTime(fromMinute), to: formatTime(toMinute), timezone };
}

function formatTime(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((each) => String(each).padStart(2, '0')).join(':');
}

function describeSecret({ kind, name }: SecretSource): object {
  return { [kind]: name };
}

/** As percent where that reads back as the same number; a bare 1 is not a weight. */
function formatShare(share: number): number | string {
  const text = `${Number((share * 100).toFixed(6))}%`;
  return Number(text.slice(0, -1)) / 100 === share ? text : share;
}

function formatRatio(ratio: number): string {
  return `${ratio}x`;
}

function formatFewer(part: number): string {
  return `-${Number((part * 100).toFixed(6))}%`;
}
