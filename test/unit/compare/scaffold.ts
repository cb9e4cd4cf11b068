// Responses as tests write them.

import { seededRandom } from '../../scaffold/seeded-random.ts';
import { compareResponses } from '../../../src/compare/compare-responses.ts';
import type { RecordedResponse, Attempted } from '../../../src/compare/mirrored-exchange.ts';
import type { ComparisonSettings } from '../../../src/compare/comparison-rules.ts';
import { compileRules } from '../../../src/compare/comparison-rules.ts';
import type { Comparison } from '../../../src/compare/difference.ts';
import { plantFields } from '../../../src/compare/field-node.ts';
import { DecodedBody } from '../../../src/compare/decoded-body.ts';

export interface Written {
  readonly status?: number;
  readonly type?: string;
  readonly fields?: string;
  readonly latencyMs?: number;
}

export function response(
  body: string | Uint8Array,
  { status = 200, type = 'application/json', fields = '', latencyMs = 5 }: Written = {},
): RecordedResponse {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return { status, fields: `content-type: ${type}\r\n${fields}`, body: { kind: 'whole', bytes }, latencyMs };
}

export function json(value: unknown, written: Written = {}): RecordedResponse {
  return response(JSON.stringify(value), written);
}

export function ok(given: RecordedResponse): Attempted {
  return { outcome: 'ok', response: given };
}

export function compare(primary: RecordedResponse, other: RecordedResponse, settings: ComparisonSettings = {}): Comparison {
  const rules = compileRules(settings);
  const [left, right] = [primary, other].map((one) => new DecodedBody(one, rules.limits.bodyBytes));
  return compareResponses(left!, right!, rules, plantFields(rules));
}

/** `path kind` of each difference between two JSON values. */
export function differ(primary: unknown, other: unknown, settings: ComparisonSettings = {}): readonly string[] {
  return compare(json(primary), json(other), settings).differences.map(({ path, kind }) => `${path} ${kind}`);
}

/** A shop's response with so many items (12 make 1.3 KiB), 20 fields that differ by themselves, more or less often, and one price that may be wrong. */
export function simulateResponses(seed: number, itemCount: number): (wrong: number) => string {
  const random = seededRandom(seed);
  const hex = (): string => Math.floor(random() * 2 ** 32).toString(16);
  const rarely = (chance: number): number => (random() < chance ? 1 : 0);
  return (wrong) => {
    const noise = Array.from({ length: 8 }, (_, i) => `"n${i}":"${hex()}"`).join(',');
    const clocks = Array.from({ length: 6 }, (_, i) => `"c${i}":${rarely(0.02 + i * 0.15)}`).join(',');
    const rare = Array.from({ length: 4 }, (_, i) => `"r${i}":${rarely(0.002 * (i + 1))}`).join(',');
    const list = random() < 0.3 ? '["a","b","c"]' : '["c","b","a"]';
    const price = random() < wrong ? 1199 : 1299;
    const items = Array.from(
      { length: itemCount },
      (_, i) => `{"sku":"shoe-${i}","title":"A shoe of size ${i}","price":${price + i},"stock":true,"tags":["new","sale"]}`,
    );
    return `{"meta":{"trace":"${hex()}",${noise}},"clock":{${clocks}},"rare":{${rare}},"order":${list},"items":[${items.join(',')}]}`;
  };
}
