// Sizes as operators write them (`512B`, `64KiB`, `1MiB`, or a number of bytes) and as code holds them: bytes.

export const SIZE_FORM = 'size must look like 64KiB or 1MiB, or be a whole number of bytes';

export const SIZE_PATTERN = '^[0-9]{1,15}(B|KiB|MiB|GiB)?$';

const UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

const grammar = new RegExp(SIZE_PATTERN);

/** Bytes, or undefined when the text is no size. Units are powers of 1024; `KB` is refused because its meaning differs from tool to tool. */
export function parseSize(text: string): number | undefined {
  if (!grammar.test(text)) return undefined;
  const digits = /^[0-9]+/.exec(text)?.[0] ?? '';
  const unit = (text.slice(digits.length) || 'B') as keyof typeof UNITS;
  const bytes = Number(digits) * UNITS[unit];
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** In the largest unit that divides it: 65536 is `64KiB`, 1000 is `1000B`, 0 is `0B`. */
export function formatSize(bytes: number): string {
  if (bytes === 0) return '0B';
  for (const unit of ['GiB', 'MiB', 'KiB'] as const) {
    if (bytes % UNITS[unit] === 0) return `${bytes / UNITS[unit]}${unit}`;
  }
  return `${bytes}B`;
}
