// Texts out of JSON whose shape no contract describes: the body of a refusal, a mirror as the YAML says it.

import { own } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import { visible } from '../lib/visible.ts';

/** The text under `name`, safe to print; empty when there is none. */
export function optionalText(fields: Plain, name: string): string {
  const value = own(fields, name);
  return typeof value === 'string' ? visible(value) : '';
}
