// Shares, times and counts in words for people.

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** @param share 0 to 1; `90 %`, `12.5 %`, `0.01 %`, and `< 0.01 %` for what is not nothing. */
export function formatShare(share: number): string {
  if (share > 0 && share < 0.0001) return '< 0.01 %';
  return `${Number((share * 100).toFixed(2))} %`;
}

/** Requests per second: `0`, `0.25`, `12.3`, `1530`. */
export function formatRate(perSecond: number): string {
  return String(Number(perSecond.toFixed(perSecond < 1 ? 2 : perSecond < 100 ? 1 : 0)));
}

/** `0.42 ms`, `12.3 ms`, `230 ms`, `1.5 s`. */
export function formatLatency(ms: number): string {
  if (ms >= 1000) return `${Number((ms / 1000).toFixed(1))} s`;
  return `${Number(ms.toFixed(ms < 1 ? 2 : ms < 100 ? 1 : 0))} ms`;
}

/** `now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 d ago`. A clock that runs ahead of ours says `now`. */
export function formatAgo(atMs: number, nowMs: number): string {
  const ms = nowMs - atMs;
  return ms < 1000 ? 'now' : `${formatSpan(ms)} ago`;
}

/** Rounded down to one unit: `0 s`, `12 s`, `5 min`, `3 h`, `2 d`. */
export function formatSpan(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.floor(Math.max(ms, 0) / 1000)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  return ms < 2 * DAY_MS ? `${Math.floor(ms / HOUR_MS)} h` : `${Math.floor(ms / DAY_MS)} d`;
}

/** `2026-01-31 13:05:09`, in UTC, so that what two people read to each other is the same. */
export function formatInstant(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? '?' : date.toISOString().slice(0, 19).replace('T', ' ');
}

/** `1 request`, `1,234 requests`: thousands apart. */
export function countApart(number: number, noun: string): string {
  return `${formatNumber(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** `12,345`: a whole number with its thousands apart. */
export function formatNumber(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}

/** `1 request`, `2 requests`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
