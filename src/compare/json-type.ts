// The types of JSON values, as they are told apart and shown.

import { ExactNumber } from './parse-json.ts';

export type JsonType = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object';

export type JsonObject = Readonly<Record<string, unknown>>;

export function typeOf(value: unknown): JsonType {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    default:
      if (value === null || value === undefined) return 'null';
      if (Array.isArray(value)) return 'array';
      return value instanceof ExactNumber ? 'number' : 'object';
  }
}
