// What a judge under test is shown, and what it may say.

export interface Window {
  /** Requests and failures of each arm in the last second. */
  readonly canary: number;
  readonly canaryFailed: number;
  readonly baseline: number;
  readonly baselineFailed: number;
  /** The same of units: requests without a key, and of each user the first request in half a minute. */
  readonly canaryUnits: number;
  readonly canaryUnitsFailed: number;
  readonly baselineUnits: number;
  readonly baselineUnitsFailed: number;
}

/** hold: both arms are worse than they may be, so that it need not be the canary. */
export type Decision = 'go on' | 'hold' | 'roll back' | 'promote';

export interface Judge {
  readonly name: string;
  /** A judge of one run, that knows nothing of others. */
  begin(): Running;
}

export interface Running {
  /** A failed request; `isFirst` is false for a key that had one before. Called at once. */
  failed(weight: number, isCanary: boolean, isFirst: boolean): Decision;
  /** Called each second. */
  tick(second: number, window: Window): Decision;
}
