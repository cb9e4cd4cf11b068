// How responses are compared, compiled once from plain settings. Holds no state of any comparison.

import type { Pattern } from '../lib/field-pattern.ts';
import { parsePattern } from '../lib/field-pattern.ts';

/** As an operator writes it. Patterns have passed `checkPattern`. */
export interface ComparisonSettings {
  /** Fields that are not compared, with all that is below them. */
  readonly ignore?: readonly string[];
  readonly lists?: readonly ListSetting[];
  readonly numbers?: readonly NumberSetting[];
  /** Header fields to compare, lower case; default: content-type alone. Status is always compared. */
  readonly headers?: readonly string[];
  /** Fields whose values are never shown. */
  readonly redact?: readonly string[];
  readonly limits?: Partial<ComparisonLimits>;
}

interface ListSetting {
  readonly path: string;
  /** sorted: order does not matter; set: repetition neither. */
  readonly as: 'sorted' | 'set';
  /** Items are matched by this member (an id); without it by all of their content. */
  readonly by?: string;
}

/** Numbers are equal within `absolute`, or within `relative` (0.01 = 1 %) of the larger one. */
interface NumberSetting {
  readonly path: string;
  readonly absolute?: number;
  readonly relative?: number;
}

export interface ComparisonLimits {
  /** Of a body after decompression. */
  readonly bodyBytes: number;
  readonly depth: number;
  /** Values that one comparison looks at. */
  readonly values: number;
  /** Different paths in one comparison. */
  readonly differences: number;
  /** Field paths that are remembered between comparisons. */
  readonly knownFields: number;
}

export const DEFAULT_LIMITS: ComparisonLimits = { bodyBytes: 1 << 20, depth: 64, values: 100_000, differences: 200, knownFields: 20_000 };

export type FieldUse =
  | { readonly kind: 'ignore' }
  | { readonly kind: 'redact' }
  | { readonly kind: 'list'; readonly as: 'sorted' | 'set'; readonly by: string | undefined }
  | { readonly kind: 'number'; readonly absolute: number; readonly relative: number };

export interface FieldRule {
  readonly pattern: Pattern;
  readonly use: FieldUse;
}

export interface ComparisonRules {
  readonly fields: readonly FieldRule[];
  readonly headers: readonly string[];
  readonly limits: ComparisonLimits;
  /** Whether there are fields whose values are never shown. */
  readonly redacts: boolean;
}

/** Throws an Error that names the pattern where one is malformed. */
export function compileRules(settings: ComparisonSettings): ComparisonRules {
  const fields: FieldRule[] = [];
  const add = (path: string, use: FieldUse): void => void fields.push({ pattern: parsePattern(path), use });
  for (const path of settings.ignore ?? []) add(path, { kind: 'ignore' });
  for (const path of settings.redact ?? []) add(path, { kind: 'redact' });
  for (const list of settings.lists ?? []) add(list.path, { kind: 'list', as: list.as, by: list.by });
  for (const { path, absolute = 0, relative = 0 } of settings.numbers ?? []) add(path, { kind: 'number', absolute, relative });
  return {
    fields,
    headers: settings.headers ?? ['content-type'],
    limits: { ...DEFAULT_LIMITS, ...settings.limits },
    redacts: settings.redact !== undefined && settings.redact.length > 0,
  };
}
