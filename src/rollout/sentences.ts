// Numbers as sentences of a judge have them.

/** `17 %`, `0.4 %`, `0.013 %`: two digits that count. */
function formatShare(part: number, of: number): string {
  return of === 0 ? 'none' : formatPercent(part / of);
}

export function formatPercent(share: number): string {
  const percent = 100 * share;
  if (percent === 0) return '0 %';
  return `${percent >= 10 ? Math.round(percent) : Number(percent.toPrecision(2))} %`;
}

/** Thousands with commas. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `7 of 41 requests (17 %)`. */
export function formatPart(part: number, of: number): string {
  return `${formatCount(part)} of ${formatCount(of)} requests (${formatShare(part, of)})`;
}

/** Evidence for people: `E 312`. */
export function formatEvidence(log: number): string {
  if (log > Math.log(999_999)) return 'E above a million';
  const value = Math.exp(Math.max(0, log));
  return `E ${value >= 10 ? formatCount(value) : Number(value.toPrecision(2))}`;
}

export function formatMs(ms: number): string {
  return ms >= 10_000 ? `${formatCount(ms / 1000)} s` : ms >= 1000 ? `${Number((ms / 1000).toPrecision(2))} s` : `${Math.round(ms)} ms`;
}
