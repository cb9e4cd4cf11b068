// The last drill of a pool, in one line.

import type { Drill } from '../api/drills.ts';
import { formatAgo, formatShare } from './quantity.ts';
import type { Terminal } from './terminal.ts';

/** For `status`: when it was, how it ended, and how long the way back took. */
export function viewLastDrill(
  { state, by, share, result, seconds, startedMs, endedMs, fault, leftOut }: Drill,
  paint: Terminal['paint'],
  nowMs: number,
): string {
  const how = by === 'weight' ? `with ${formatShare(share ?? 0)}` : 'by mirror';
  const back = seconds.back === undefined ? '' : `, back in ${formatSeconds(seconds.back)}`;
  if (state === 'running')
    return `  ${paint('warn', 'a drill runs')} since ${formatAgo(startedMs, nowMs)}${fault === undefined ? '' : `: ${fault}`}`;
  const word = paint(result === 'passed' ? 'good' : 'warn', result ?? 'failed');
  const without = leftOut === undefined ? '' : ', without failover';
  return `  last drill ${formatAgo(endedMs ?? startedMs, nowMs)} ${how}: ${word}${back}${without}`;
}

export function formatSeconds(seconds: number): string {
  return `${Number(seconds.toFixed(3))} s`;
}
