// Weights as people type them: `v1=90 v2=10`, and shares: `v2=10%`.

import { EXIT, Failure } from './failure.ts';
import { formatShare } from './quantity.ts';

export type Weights = Readonly<Record<string, number>>;

/** `weights`: of all versions. `shares`: of 100, of those that are named; the others are scaled. */
export interface TypedWeights {
  readonly kind: 'weights' | 'shares';
  readonly values: Weights;
}

const FORM = /^([^=\s]+)=([0-9]{1,9}(?:\.[0-9]{1,6})?)(%?)$/;
/** Weights that are made here have at most as many digits. */
const STEPS = 1e6;

/** Ends the command on a malformed or repeated one, and on weights between shares. All of them 0 is for the server to refuse. */
export function parseWeights(words: readonly string[]): TypedWeights {
  const values = new Map<string, number>();
  const kinds = new Set<TypedWeights['kind']>();
  for (const word of words) {
    const [, name, number, sign] = FORM.exec(word) ?? [];
    if (name === undefined) {
      throw new Failure(
        EXIT.usage,
        `${JSON.stringify(word)} is no weight: write version=number, such as v1=90 v2=10, or a share, such as v2=10%`,
      );
    }
    if (values.has(name)) throw new Failure(EXIT.usage, `${name} has two weights`);
    values.set(name, Number(number));
    kinds.add(sign === '%' ? 'shares' : 'weights');
  }
  if (kinds.size > 1)
    throw new Failure(EXIT.usage, 'give weights or shares, not both', ['Such as v1=90 v2=10 for all versions, or v2=10% for one of them.']);
  return { kind: kinds.has('shares') ? 'shares' : 'weights', values: Object.fromEntries(values) };
}

/** The weights of all versions, which add up to 100: named ones get their share, the others keep theirs among themselves. Ends the command when that cannot be. */
export function scaleOthers(present: Weights, shares: Weights): Weights {
  const named = Object.values(shares).reduce((sum, share) => sum + share, 0);
  if (named > 100) throw new Failure(EXIT.usage, `the shares add up to ${named} %, which is more than 100 %`);
  const others = Object.entries(present).filter(([name]) => !Object.hasOwn(shares, name));
  const total = others.reduce((sum, [, weight]) => sum + weight, 0);
  const left = round(100 - named);
  if (left > 0 && total === 0) {
    const names = others.map(([name]) => name).join(', ');
    throw new Failure(EXIT.usage, `the other ${formatShare(left / 100)} would go to no version`, [
      others.length === 0
        ? 'Shares of all versions must add up to 100 %.'
        : `None of the others has a weight that could be scaled: name one of ${names}, too.`,
    ]);
  }
  const scaled = others.map(([name, weight]) => [name, total === 0 ? 0 : round((weight * left) / total)] as const);
  return Object.fromEntries([...scaled, ...Object.entries(shares)]);
}

/** `v1 90 %, v2 10 %`; versions of weight 0 are left out unless all are 0. */
export function describeWeights(weights: Weights): string {
  const entries = Object.entries(weights);
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  if (total === 0) return 'no version gets a request';
  return entries
    .filter(([, weight]) => weight > 0)
    .map(([name, weight]) => `${name} ${formatShare(weight / total)}`)
    .join(', ');
}

function round(value: number): number {
  return Math.round(value * STEPS) / STEPS;
}
