// The response of Prometheus to an instant query, as numbers: strict, because what is not a number must hold a rollout and never pass. Pure.

import { isMap, own } from '../../lib/plain.ts';

/** A sample that is older says nothing about now (Prometheus looks back 5 minutes by default). */
const MAX_AGE_MS = 2 * 60_000;
const MAX_SERIES = 1000;

export type Samples = { readonly values: readonly number[] } | { readonly fault: string };

export function readPrometheus(status: number, text: string, wallMs: number): Samples {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return { fault: `Prometheus sends no JSON (status ${status})` };
  }
  if (!isMap(read) || own(read, 'status') !== 'success') {
    const error = isMap(read) ? own(read, 'error') : undefined;
    return { fault: `Prometheus refuses the query (status ${status})${typeof error === 'string' ? `: ${error.slice(0, 200)}` : ''}` };
  }
  const found = own(read, 'data');
  const type = isMap(found) ? own(found, 'resultType') : undefined;
  const result = isMap(found) ? own(found, 'result') : undefined;
  if (type === 'scalar') return valuesOf([result], wallMs);
  if (type !== 'vector' || !Array.isArray(result)) return { fault: `the query gives a ${String(type)}: it must give a vector or a scalar` };
  if (result.length === 0) return { fault: 'the query finds nothing' };
  if (result.length > MAX_SERIES) return { fault: `the query finds ${result.length} series: at most ${MAX_SERIES} are judged` };
  return valuesOf(
    result.map((series: unknown) => (isMap(series) ? own(series, 'value') : undefined)),
    wallMs,
  );
}

function valuesOf(samples: readonly unknown[], wallMs: number): Samples {
  const values: number[] = [];
  for (const sample of samples) {
    if (!Array.isArray(sample) || typeof sample[0] !== 'number' || typeof sample[1] !== 'string')
      return { fault: 'a sample is not [time, value]' };
    const [atSeconds, text] = sample as [number, string];
    const value = text.trim() === '' ? NaN : Number(text);
    if (!Number.isFinite(value)) return { fault: `a value is ${text === '' ? 'empty' : text.slice(0, 20)}` };
    const ageMs = wallMs - atSeconds * 1000;
    if (ageMs > MAX_AGE_MS) return { fault: `the latest sample is ${Math.round(ageMs / 1000)} s old` };
    values.push(value);
  }
  return { values };
}

export interface Bounds {
  readonly max: number | undefined;
  readonly min: number | undefined;
}

/** The worst of the series decides. */
export function judgeSamples(
  values: readonly number[],
  { max, min }: Bounds,
): { readonly isBad: boolean; readonly value: number; readonly sentence: string } {
  const [highest, lowest] = [Math.max(...values), Math.min(...values)];
  if (max !== undefined && highest > max) return { isBad: true, value: highest, sentence: `${shown(highest)} is above ${shown(max)}` };
  if (min !== undefined && lowest < min) return { isBad: true, value: lowest, sentence: `${shown(lowest)} is below ${shown(min)}` };
  const value = max === undefined ? lowest : highest;
  return { isBad: false, value, sentence: `${shown(value)} is within bounds` };
}

function shown(value: number): string {
  return String(Number(value.toPrecision(6)));
}
