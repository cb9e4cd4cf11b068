// Measurements as tables for people.

import { cpuRatio } from '../budgets.ts';
import type { IdleMeasurement } from '../scenarios/idle.ts';
import type { Measurement } from '../scenarios/proxied.ts';
import { median, spread } from './statistics.ts';
import { formatNumber, formatTable } from './table.ts';

const MEBIBYTE = 1024 * 1024;

/** One row per rival; one column of CPU ratios per reference that was measured. */
export function describeMeasurements(measurements: readonly Measurement[], references: readonly string[]): string {
  if (measurements.length === 0) return 'nothing to measure here';
  const measured = references.filter((name) => measurements.some((each) => each.rival === name && each.rounds.length > 0));
  const header = [
    'proxy',
    'CPU us/req',
    '(min-max)',
    'req/s',
    'p50 ms',
    'p99 ms',
    'peak MiB',
    ...measured.map((name) => `x ${name}`),
    'errors',
  ];
  const rows = measurements.map((each) => {
    if (each.failure !== '') return [each.rival, 'failed'];
    const cpu = spread(each.rounds.map((round) => round.cpuMicros));
    return [
      each.rival,
      formatNumber(cpu.median),
      `(${formatNumber(cpu.min)}-${formatNumber(cpu.max)})`,
      formatNumber(median(each.rounds.map((round) => round.requestsPerSecond))),
      formatNumber(median(each.rounds.map((round) => round.p50Micros)) / 1000),
      formatNumber(median(each.rounds.map((round) => round.p99Micros)) / 1000),
      formatNumber(each.peakBytes / MEBIBYTE),
      ...measured.map((name) => cpuRatio(measurements, each.rival, name).toFixed(2)),
      each.errors === 0 ? '' : String(each.errors),
    ];
  });
  return [formatTable(header, rows), ...failures(measurements)].join('\n');
}

export function describeIdle(measurements: readonly IdleMeasurement[]): string {
  const header = ['proxy', 'connections', 'failed', 'before MiB', 'after MiB', 'B/connection'];
  const rows = measurements.map((each) => {
    if (each.failure !== '') return [each.rival, 'failed'];
    const sizes = [each.beforeBytes / MEBIBYTE, each.afterBytes / MEBIBYTE, each.bytesPerConnection];
    return [each.rival, String(each.connections), String(each.failed), ...sizes.map(formatNumber)];
  });
  return [formatTable(header, rows), ...failures(measurements)].join('\n');
}

function failures(measurements: readonly { readonly rival: string; readonly failure: string }[]): readonly string[] {
  return measurements.filter((each) => each.failure !== '').map((each) => `\n${each.rival} failed: ${each.failure.trim()}`);
}
