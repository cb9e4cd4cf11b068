// Durations as operators write them (`250ms`, `5s`, `1m30s`, `2h`, `1d`) and as code holds them: whole milliseconds.

/** The longest delay a Node timer keeps (2^31 - 1 ms, about 24.8 days); a longer one would fire at once. */
export const MAX_DURATION_MS = 2_147_483_647;

export const DURATION_FORM = 'duration must look like 250ms, 5s, 1m30s, 2h or 1d';

export const DURATION_PATTERN = '^([0-9]{1,12}(\\.[0-9]{1,3})?(ms|s|m|h|d)){1,5}$';

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const grammar = new RegExp(DURATION_PATTERN);

/** Milliseconds, or undefined when the text is no duration or no whole number of milliseconds. Of several units the larger stands first. */
export function parseDuration(text: string): number | undefined {
  if (!grammar.test(text)) return undefined;
  let sum = 0;
  let above = Infinity;
  for (const [, number = '', unit = ''] of text.matchAll(/([0-9.]+)([a-z]+)/g)) {
    const size = UNITS[unit as keyof typeof UNITS];
    if (size >= above) return undefined;
    above = size;
    sum += Number(number) * size;
  }
  const whole = Math.round(sum);
  return Math.abs(sum - whole) < 1e-6 && Number.isSafeInteger(whole) ? whole : undefined;
}

const WORDS: readonly (readonly [RegExp, keyof typeof UNITS])[] = [
  [/^(?:ms|msecs?|millis|milliseconds?)$/, 'ms'],
  [/^(?:s|secs?|seconds?)$/, 's'],
  [/^(?:m|mins?|minutes?)$/, 'm'],
  [/^(?:h|hrs?|hours?)$/, 'h'],
  [/^(?:d|days?)$/, 'd'],
];

/** How a duration that is written in another way is written here: `5 seconds` is `5s`; undefined when it is not known. */
export function suggestDuration(written: unknown): string | undefined {
  if (typeof written === 'number') return written >= 0 && Number.isInteger(written) ? `${written}s or ${written}ms` : undefined;
  const [, number, word = ''] =
    /^([0-9]{1,12}(?:\.[0-9]{1,3})?)\s*([A-Za-z]{0,12})$/.exec(typeof written === 'string' ? written : '') ?? [];
  if (number === undefined) return undefined;
  if (word === '') return `${number}s or ${number}ms`;
  const unit = WORDS.find(([form]) => form.test(word.toLowerCase()))?.[1];
  return unit === undefined ? undefined : `${number}${unit}`;
}

/** In the largest unit that divides it: 90000 is `90s`, 60000 is `1m`, 0 is `0s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms % UNITS[unit] === 0) return `${ms / UNITS[unit]}${unit}`;
  }
  return `${ms}ms`;
}
