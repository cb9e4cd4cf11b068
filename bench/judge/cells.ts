// The zoo of streams that judges are shown: in one half the arms are alike, in the other the canary has a fault.

export const REQUESTS = 400_000;
/** At which windows of seconds are cut. */
export const PER_SECOND = 200;

export interface Cell {
  readonly name: string;
  /** The canary's weight at request number `at`. */
  weight(at: number): number;
  /** The chance that a request to the baseline fails. */
  rate(at: number): number;
  /** How many times as often a request to the canary fails. */
  ratio(at: number): number;
  /** Every so many requests one fails, whoever gets it. */
  readonly every?: number;
  /** Users with a key; a hundredth of them have a client that makes half of their requests fail. */
  readonly users?: number;
  /** Two workers, of which the second has a fifth of the requests; both begin anew every 50,000. */
  readonly workers?: 2;
  readonly isGood: boolean;
  /** Run more often with `--full`: the cells whose false alarms are promised. */
  readonly isMain?: true;
  /** From which request on the canary has its fault. */
  readonly faultAt?: number;
}

const same = (value: number) => () => value;
const DAY = REQUESTS;

function alike(name: string, weight: number, rate: number, more: Partial<Cell> = {}): Cell {
  return { name, weight: same(weight), rate: same(rate), ratio: same(1), isGood: true, ...more };
}

function faulty(name: string, weight: number, rate: number, ratio: number, more: Partial<Cell> = {}): Cell {
  return { name, weight: same(weight), rate: same(rate), ratio: same(ratio), isGood: false, faultAt: 0, ...more };
}

const RAMP = [0.01, 0.05, 0.1, 0.25, 0.5];

export const CELLS: readonly Cell[] = [
  ...[0.0001, 0.005, 0.05].flatMap((rate) =>
    [0.01, 0.05, 0.5].map((weight) => alike(`alike, ${percent(rate)} fail, weight ${percent(weight)}`, weight, rate, { isMain: true })),
  ),
  alike('alike, weight 1 to 50 % in five steps', 0, 0.005, { weight: (at) => RAMP[Math.floor((at * RAMP.length) / REQUESTS)]! }),
  alike('alike, failures times 10 over a day', 0.05, 0, { rate: (at) => 0.001 * (1 + 9 * Math.sin((Math.PI * at) / DAY) ** 2) }),
  alike('alike, bursts that hit both', 0.05, 0, { rate: (at) => (at % 20_000 < 300 ? 0.5 : 0.001) }),
  ...[20, 21, 89, 144, 987].map((every) => alike(`alike, request ${every} of each ${every} fails`, 0.05, 0, { every })),
  alike('alike, 2,000 users with keys, 1 % of their clients broken', 0.05, 0.001, { users: 2000 }),
  alike('alike, cold start: both fail more at first', 0.05, 0, { rate: (at) => (at < 6000 ? 0.05 : 0.002) }),
  alike('alike, two workers, unequal load, restarts', 0.05, 0.005, { workers: 2 }),
  ...[2, 3, 5, 10, 50, 1000].map((ratio) => faulty(`canary fails ${ratio} times as often`, 0.05, 0.005, ratio)),
  faulty('canary fails 5 times as often, late', 0.05, 0.005, 1, { ratio: (at) => (at < 300_000 ? 1 : 5), faultAt: 300_000 }),
  faulty('canary fails one route of 50', 0.05, 0.005, (0.005 + 0.02) / 0.005),
  faulty('canary fails 10 times as often, weight 50 %', 0.5, 0.0005, 10),
  faulty('canary harms both: 10 % of all fail', 0.05, 0, 1, { rate: (at) => (at < 20_000 ? 0.005 : 0.1), faultAt: 20_000 }),
];

function percent(part: number): string {
  return `${Number((part * 100).toPrecision(3))} %`;
}
