// Why a tunnel has ended, each with the position of its counter.

export interface TunnelEnd {
  /** Position in `TUNNEL_ENDS`. */
  readonly index: number;
  readonly code: string;
}

const codes = ['client', 'upstream', 'idle', 'drain', 'internal'] as const;

export const TUNNEL_ENDS: readonly TunnelEnd[] = codes.map((code, index) => ({ index, code }));

export const TUNNEL_END = Object.fromEntries(TUNNEL_ENDS.map((end) => [end.code, end])) as Readonly<
  Record<(typeof codes)[number], TunnelEnd>
>;

/** Upper bounds of the buckets of their age, in seconds; a last bucket takes the rest. */
export const TUNNEL_AGE_BOUNDS_S = [1, 10, 60, 600, 3600, 21_600, 86_400] as const;
