// What overload.ts asks of its children, and what they answer.

export type OverloadOrder =
  | { readonly kind: 'serve'; readonly slots: number; readonly serviceMs: number }
  /** `perSecond` requests at even distances; those begun before `settleMs` are left out. */
  | { readonly kind: 'load'; readonly port: number; readonly perSecond: number; readonly settleMs: number; readonly measureMs: number };

export interface OverloadResponse {
  /** Of the upstream that serves. */
  readonly port: number;
  /** How long each answer took, by status, sorted. */
  readonly byStatus: Readonly<Record<number, readonly number[]>>;
  /** Answers 200 in each `SLICE_MS` of the time that is measured. */
  readonly slices: readonly number[];
  /** Connections that ended without an answer. */
  readonly lost: number;
}

export const SLICE_MS = 500;
