// Sizes as operators write them (`512B`, `64KiB`, `10MB`, or a number of bytes) and as code holds them: bytes.

export const SIZE_FORM = 'size must look like 64KiB, 1MiB or 10MB, or be a whole number of bytes';

export const SIZE_PATTERN = '^[0-9]{1,15}(B|KB|MB|GB|KiB|MiB|GiB)?$';

const UNITS = { B: 1, KB: 1000, MB: 1000 ** 2, GB: 1000 ** 3, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

const grammar = new RegExp(SIZE_PATTERN);

/** Bytes, or undefined when the text is no size. KiB, MiB and GiB are powers of 1024, KB, MB and GB of 1000 (IEC 80000-13). */
export function parseSize(text: string): number | undefined {
  if (!grammar.test(text)) return undefined;
  const digits = /^[0-9]+/.exec(text)?.[0] ?? '';
  const unit = (text.slice(digits.length) || 'B') as keyof typeof UNITS;
  const bytes = Number(digits) * UNITS[unit];
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** How a size that is written in another way is written here: `10m` is `10MiB`; undefined when it is not known. */
export function suggestSize(written: unknown): string | undefined {
  const [, number, unit] = /^([0-9]{1,15})\s*([kmg])i?b?$/i.exec(typeof written === 'string' ? written : '') ?? [];
  return number === undefined ? undefined : `${number}${unit?.toUpperCase() ?? ''}iB`;
}

/** In the largest unit that divides it: 65536 is `64KiB`, 1000 is `1000B`, 0 is `0B`. */
export function formatSize(bytes: number): string {
  if (bytes === 0) return '0B';
  for (const unit of ['GiB', 'MiB', 'KiB'] as const) {
    if (bytes % UNITS[unit] === 0) return `${bytes / UNITS[unit]}${unit}`;
  }
  return `${bytes}B`;
}
