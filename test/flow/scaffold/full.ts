// SLUICE_TEST_FULL=1 runs the promised figures in full; without it each test runs a smaller version of the same.

export const isFull = process.env['SLUICE_TEST_FULL'] === '1';

export function scaled(small: number, full: number): number {
  return isFull ? full : small;
}

/** A measured figure, printed so that a report can quote it. */
export function figure(name: string, values: Readonly<Record<string, number | string>>): void {
  const shown = Object.entries(values).map(([key, value]) => `${key} ${typeof value === 'number' ? Math.round(value * 100) / 100 : value}`);
  process.stdout.write(`figure: ${name}: ${shown.join(', ')}\n`);
}
