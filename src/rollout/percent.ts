// Shares of weights for people: as exact as they were written.

/** `5 %`, `0.001 %`. */
export function percentOf(share: number): string {
  return `${Number((share * 100).toFixed(4))} %`;
}
