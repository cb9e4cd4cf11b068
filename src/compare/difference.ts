// What a comparison finds: one difference per field path, list positions generalised.

export const KINDS = ['value', 'type', 'missing', 'extra', 'order', 'length', 'status', 'header', 'text', 'bytes', 'outcome'] as const;

/**
 * value: another value of the same type · type: another type · missing, extra: the candidate lacks it, or has it on its own · order: the same
 * items in another order · length: a list of another length · status · header: a header field · text, bytes: a body that is no JSON · outcome: one
 * of the two gave no response.
 */
export type Kind = (typeof KINDS)[number];

export interface Difference {
  /** `$.items[*].price`, `header:content-type`, `status`, `body` or `outcome`. */
  readonly path: string;
  readonly kind: Kind;
  /** Of the primary and of the other; undefined where there is none. Raw: never shown without `showValue`. */
  readonly primary: unknown;
  readonly other: unknown;
  /** Whether a `redact` pattern covers the field. */
  readonly isRedacted: boolean;
}

/**
 * Why a body was not compared. bomb: decompressed it is too large · coding: one that is not known · corrupt: it cannot be decompressed ·
 * digest: too large to keep, and coded · cut: it was not read to its end.
 */
export type Uncompared = 'bomb' | 'coding' | 'corrupt' | 'digest' | 'cut';

export interface Comparison {
  /** The first difference of each path, in the order of the response. */
  readonly differences: readonly Difference[];
  /** Whether a bound ended the comparison early: what is listed differs, and there may be more. */
  readonly isCutShort: boolean;
  readonly uncompared: Uncompared | undefined;
}

export const NO_DIFFERENCE: Comparison = { differences: [], isCutShort: false, uncompared: undefined };
