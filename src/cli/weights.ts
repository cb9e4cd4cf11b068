// Weights as people type them: `v1=90 v2=10`.

import { EXIT, Failure } from './failure.ts';
import { formatShare } from './quantity.ts';

const FORM = /^([^=\s]+)=([0-9]{1,9}(?:\.[0-9]{1,6})?)$/;

/** Ends the command on a malformed or repeated one. All of them 0 is for the server to refuse. */
export function parseWeights(words: readonly string[]): Readonly<Record<string, number>> {
  const weights = new Map<string, number>();
  for (const word of words) {
    const [, name, number] = FORM.exec(word) ?? [];
    if (name === undefined) {
      throw new Failure(EXIT.usage, `${JSON.stringify(word)} is no weight: write version=number, such as v1=90 v2=10`);
    }
    if (weights.has(name)) throw new Failure(EXIT.usage, `${name} has two weights`);
    weights.set(name, Number(number));
  }
  return Object.fromEntries(weights);
}

/** `v1 90 %, v2 10 %`; versions of weight 0 are left out unless all are 0. */
export function describeWeights(weights: Readonly<Record<string, number>>): string {
  const entries = Object.entries(weights);
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  if (total === 0) return 'no version gets a request';
  return entries
    .filter(([, weight]) => weight > 0)
    .map(([name, weight]) => `${name} ${formatShare(weight / total)}`)
    .join(', ');
}
