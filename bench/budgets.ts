// What we promise of our own speed, as ratios within one run. A broken promise is printed, and makes the bench end with 1.

import { median } from './report/statistics.ts';
import type { IdleMeasurement } from './scenarios/idle.ts';
import type { Measurement } from './scenarios/proxied.ts';

interface Budget {
  readonly scenario: string;
  readonly subject: string;
  readonly reference: string;
  /** CPU per request of the subject over that of the reference, at most. */
  readonly ratio: number;
}

const BUDGETS: readonly Budget[] = [
  { scenario: 'small', subject: 'sluice', reference: 'nginx', ratio: 1.25 },
  { scenario: 'small', subject: 'sluice', reference: 'relay', ratio: 1.3 },
  { scenario: 'small', subject: 'sluice', reference: 'undici', ratio: 0.5 },
  { scenario: 'small', subject: 'sluice', reference: 'http-proxy', ratio: 0.2 },
  { scenario: 'large', subject: 'sluice', reference: 'nginx', ratio: 1.3 },
  { scenario: 'tls', subject: 'sluice', reference: 'nginx', ratio: 1.2 },
  { scenario: 'tls-large', subject: 'sluice', reference: 'nginx', ratio: 1.3 },
  { scenario: 'handshakes', subject: 'sluice', reference: 'nginx', ratio: 1.8 },
  { scenario: 'resumed', subject: 'sluice', reference: 'nginx', ratio: 2 },
  { scenario: 'h2', subject: 'sluice', reference: 'nginx', ratio: 0.8 },
  { scenario: 'h2-single', subject: 'sluice', reference: 'nginx', ratio: 1.1 },
  { scenario: 'h2-large', subject: 'sluice', reference: 'nginx', ratio: 1.2 },
  { scenario: 'h2-tls', subject: 'sluice', reference: 'nginx', ratio: 0.9 },
  { scenario: 'tunnels', subject: 'sluice', reference: 'nginx', ratio: 1.5 },
  { scenario: 'tunnels', subject: 'sluice', reference: 'relay', ratio: 1.2 },
  // At most 0.7 of a second proxied request on top.
  { scenario: 'mirrors', subject: 'mirror', reference: 'no mirror', ratio: 1.7 },
  { scenario: 'routes', subject: '10,000 routes', reference: '10 routes', ratio: 1.05 },
];

const IDLE_BUDGET_BYTES = 4096;
/** Beside what the two sockets of a tunnel take, which the relay has as well. */
const TUNNEL_BUDGET_BYTES = 8192;

export interface BudgetResult {
  readonly text: string;
  readonly kept: boolean;
}

/** Budgets whose two sides were measured. */
export function checkBudgets(scenario: string, measurements: readonly Measurement[]): readonly BudgetResult[] {
  return BUDGETS.filter((budget) => budget.scenario === scenario).flatMap((budget) => {
    const ratio = cpuRatio(measurements, budget.subject, budget.reference);
    if (Number.isNaN(ratio)) return [];
    const kept = ratio <= budget.ratio;
    return [
      { text: `${budget.subject} at most ${budget.ratio} x ${budget.reference}: ${ratio.toFixed(2)} ${kept ? 'kept' : 'BROKEN'}`, kept },
    ];
  });
}

export function checkIdleBudget(measurement: IdleMeasurement): readonly BudgetResult[] {
  if (measurement.rival !== 'sluice' || measurement.failure !== '') return [];
  const kept = measurement.bytesPerConnection <= IDLE_BUDGET_BYTES && measurement.failed === 0;
  const bytes = Math.round(measurement.bytesPerConnection);
  return [{ text: `sluice at most ${IDLE_BUDGET_BYTES} B per idle connection: ${bytes} B ${kept ? 'kept' : 'BROKEN'}`, kept }];
}

export function checkTunnelBudget(measurements: readonly IdleMeasurement[]): readonly BudgetResult[] {
  const [ours, sockets] = ['sluice', 'relay'].map((name) => measurements.find(({ rival, failure }) => rival === name && failure === ''));
  if (ours === undefined || sockets === undefined) return [];
  const bytes = Math.round(ours.bytesPerConnection - sockets.bytesPerConnection);
  const kept = bytes <= TUNNEL_BUDGET_BYTES && ours.failed === 0;
  return [{ text: `sluice at most ${TUNNEL_BUDGET_BYTES} B per tunnel beside its sockets: ${bytes} B ${kept ? 'kept' : 'BROKEN'}`, kept }];
}

/** The median of the ratios of each round, since what disturbs one round disturbs both sides of it. NaN when one side is missing. */
export function cpuRatio(measurements: readonly Measurement[], subject: string, reference: string): number {
  const [above, below] = [subject, reference].map((name) => measurements.find((each) => each.rival === name)?.rounds ?? []);
  if (above === undefined || below === undefined || above.length === 0 || below.length === 0) return NaN;
  return median(above.map((round, index) => round.cpuMicros / (below[index]?.cpuMicros ?? NaN)));
}
