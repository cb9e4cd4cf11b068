// How strictly a report is judged, and how the allowed false alarms are shared out among what is asked.

export interface JudgeSettings {
  /** A pass needs so many compared requests. */
  readonly minRequests: number;
  /** Share of requests that may differ beyond the noise, 0 to 1. A pass needs evidence of it: some 15 / maxDifferenceRate requests without one. */
  readonly maxDifferenceRate: number;
  /** Share of requests in which the candidate may fail and the primary does not. */
  readonly maxFailureRate: number;
  /** The chance that the report ever says anything that is not so, however often it is looked at. */
  readonly falseAlarm: number;
  /** By how much more than its noise a field may differ: 0.2 = one fifth. Noise of clocks grows a little when a candidate is slower. */
  readonly relativeMargin: number;
  /** Differences in fewer requests than this share are counted, and not reported. */
  readonly leastRate: number;
  /** absent: there is no second copy of the primary, and every difference is taken for real. */
  readonly noise: 'measured' | 'absent';
}

export const DEFAULT_JUDGE: JudgeSettings = {
  minRequests: 1000,
  maxDifferenceRate: 0.001,
  maxFailureRate: 0.001,
  falseAlarm: 0.001,
  relativeMargin: 0.2,
  leastRate: 0.0003,
  noise: 'measured',
};

/** Which part of `falseAlarm` each question may use: they add up to 1. */
export const ALARM_PARTS = { fields: 1 / 2, bounds: 1 / 4, share: 1 / 8, failures: 1 / 8 } as const;
