// Values of JSON whose shape no contract describes: the body of a refusal, a mirror as the YAML says it.

import { visible } from './visible.ts';

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text under `name`, safe to print; empty when there is none. */
export function optionalText(fields: Fields, name: string): string {
  const value = own(fields, name);
  return typeof value === 'string' ? visible(value) : '';
}

export function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}
