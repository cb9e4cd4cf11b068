// Shares as operators write them (`50%`) and as code holds them: 0 to 1.

export const PERCENT_PATTERN = '^[0-9]{1,3}(\\.[0-9]{1,6})?%$';

const grammar = new RegExp(PERCENT_PATTERN);

/** Percent points, 0 to 100, or undefined when the text is no percentage. */
export function parsePercent(text: string): number | undefined {
  if (!grammar.test(text)) return undefined;
  const points = Number(text.slice(0, -1));
  return points <= 100 ? points : undefined;
}
