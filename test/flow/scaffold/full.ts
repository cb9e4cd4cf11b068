// SLUICE_TEST_FULL=1 runs the promised figures in full; without it each test runs a smaller version of the same.

export const isFull = process.env['SLUICE_TEST_FULL'] === '1';

export function scaled(small: number, full: number): number {
  return isFull ? full : small;
}

/**
 * An upper bound on a time: as it is promised when figures are run in full. Where other tests share the machine a thread may wait long for
 * its turn: then it only tells what happens soon from what does not happen by itself.
 */
export function promised(ms: number): number {
  return isFull ? ms : 3 * ms + 500;
}

/** A measured figure, printed so that a report can quote it. */
export function figure(name: string, values: Readonly<Record<string, number | string>>): void {
  const shown = Object.entries(values).map(([key, value]) => `${key} ${typeof value === 'number' ? Math.round(value * 100) / 100 : value}`);
  process.stdout.write(`figure: ${name}: ${shown.join(', ')}\n`);
}
