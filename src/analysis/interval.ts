// A two-sided bound on an unknown number.

export interface Interval {
  readonly low: number;
  readonly high: number;
}
