// Durations as operators write them (`250ms`, `5s`, `1m`, `2h`, `1d`) and as code holds them: whole milliseconds.

/** The longest delay a Node timer keeps (2^31 - 1 ms, about 24.8 days); a longer one would fire at once. */
export const MAX_DURATION_MS = 2_147_483_647;

export const DURATION_FORM = 'duration must look like 250ms, 5s, 1m, 2h or 1d';

export const DURATION_PATTERN = '^[0-9]{1,12}(\\.[0-9]{1,3})?(ms|s|m|h|d)$';

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const grammar = new RegExp(DURATION_PATTERN);

/** Milliseconds, or undefined when the text is no duration or no whole number of milliseconds. */
export function parseDuration(text: string): number | undefined {
  if (!grammar.test(text)) return undefined;
  const unit = text.endsWith('ms') ? 'ms' : (text.slice(-1) as keyof typeof UNITS);
  const ms = Number(text.slice(0, -unit.length)) * UNITS[unit];
  const whole = Math.round(ms);
  return Math.abs(ms - whole) < 1e-6 && Number.isSafeInteger(whole) ? whole : undefined;
}

/** In the largest unit that divides it: 90000 is `90s`, 60000 is `1m`, 0 is `0s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms % UNITS[unit] === 0) return `${ms / UNITS[unit]}${unit}`;
  }
  return `${ms}ms`;
}
