// Templates that are there without being written, and the steps and checks of a strategy that writes none. A written one of the same name wins.

import type { Config } from './model.ts';
import type {
  Gate,
  OnFail,
  RolloutBreaker,
  RolloutCheck,
  RolloutStep,
  RolloutStrategy,
  RolloutTemplate,
  Until,
  WeightStep,
} from './rollout-model.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const DEFAULT_ALPHA = 0.05;
const DEFAULT_WARMUP_MS = 30 * SECOND;
export const DEFAULT_BREAKER: RolloutBreaker = { failures: 3, blockForMs: HOUR };
export const DEFAULT_ERRORS = { ratio: 1.5, absolute: 0.005 } as const;
export const DEFAULT_LATENCY_RATIO = 1.3;
export const DEFAULT_ERROR_RATE = { max: 0.05, overMs: 30 * SECOND } as const;
export const DEFAULT_REPLACE = { batch: 0.25, maxUnavailable: 0.25, minReadyMs: 5 * SECOND, atMostMs: 10 * MINUTE } as const;
/** How much longer than its own time a gate waits for what it still lacks. */
export const DEFAULT_PATIENCE_MS = HOUR;

/** The one that is used where a call names none. */
export const DEFAULT_TEMPLATE = 'canary';

/** Where endpoints are replaced in place there is no baseline beside them: only the absolute guard is left. */
export function defaultChecks(strategy: RolloutStrategy, onFail: OnFail): readonly RolloutCheck[] {
  const guard: RolloutCheck = { name: 'error-rate', critical: true, onFail, kind: 'error-rate', ...DEFAULT_ERROR_RATE };
  if (strategy === 'rolling' || strategy === 'recreate') return [guard];
  return [
    { name: 'errors', critical: true, onFail, kind: 'errors', ...DEFAULT_ERRORS },
    { name: 'latency', critical: true, onFail, kind: 'latency', ratio: DEFAULT_LATENCY_RATIO },
    guard,
  ];
}

export function defaultSteps(strategy: RolloutStrategy): readonly RolloutStep[] {
  switch (strategy) {
    case 'canary':
      return [...[0.01, 0.05, 0.25].map((share) => weight(share, 0, 'evidence')), weight(1, 0), watch(10 * MINUTE, 0.01)];
    case 'blue-green':
      return [weight(1, 0), watch(10 * MINUTE, 0)];
    case 'rolling':
      return [{ kind: 'replace', ...DEFAULT_REPLACE, onTimeout: 'hold' }];
    case 'recreate':
      return [{ kind: 'recreate', minReadyMs: DEFAULT_REPLACE.minReadyMs, atMostMs: DEFAULT_REPLACE.atMostMs, onTimeout: 'hold' }];
    case 'ab-test':
      return [
        { ...weight(0.5, 7 * DAY, 'winner'), atMostMs: 28 * DAY },
        { kind: 'approve', by: 'operator', notStarter: false, ...gate(7 * DAY) },
        weight(1, 0),
        watch(10 * MINUTE, 0),
      ];
  }
}

/** Those that need nothing of one's own: an A/B test needs an event, and what replaces endpoints needs a hook that does it. */
export const SHIPPED: readonly RolloutTemplate[] = [
  shipped('canary', 'canary', defaultSteps('canary')),
  shipped('canary-5m', 'canary', ramp([0.01, 0.1, 0.5], 5 * MINUTE)),
  shipped('canary-15m', 'canary', ramp([0.05, 0.1, 0.25, 0.5], 15 * MINUTE)),
  shipped('blue-green', 'blue-green', defaultSteps('blue-green')),
];

/** Written ones first, then those that are shipped and not written. */
export function allTemplates({ rollouts }: Pick<Config, 'rollouts'>): readonly RolloutTemplate[] {
  return [...rollouts, ...SHIPPED.filter(({ name }) => !rollouts.some((written) => written.name === name))];
}

export function findTemplate(config: Pick<Config, 'rollouts'>, name: string): RolloutTemplate | undefined {
  return config.rollouts.find((written) => written.name === name) ?? SHIPPED.find((each) => each.name === name);
}

function shipped(name: string, strategy: RolloutStrategy, steps: readonly RolloutStep[]): RolloutTemplate {
  return {
    name,
    strategy,
    steps,
    checks: defaultChecks(strategy, 'rollback'),
    alpha: DEFAULT_ALPHA,
    warmupMs: DEFAULT_WARMUP_MS,
    onFail: 'rollback',
    hooks: [],
    breaker: DEFAULT_BREAKER,
    keepWarmMs: 0,
    windows: [],
  };
}

function ramp(shares: readonly number[], forMs: number): readonly RolloutStep[] {
  return [...shares.map((share) => weight(share, forMs)), weight(1, 0), watch(forMs, 0)];
}

function weight(share: number, forMs: number, until: Until = 'time'): WeightStep {
  return { kind: 'weight', share, forMs, rampMs: 0, until, ...gate(forMs + DEFAULT_PATIENCE_MS) };
}

function gate(atMostMs: number): Gate {
  return { atMostMs, onTimeout: 'hold' };
}

function watch(forMs: number, holdback: number): RolloutStep {
  return { kind: 'watch', forMs, holdback };
}
