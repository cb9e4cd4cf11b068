// The orders of overload.ts to its children, and what they return.

export type OverloadOrder =
  | { readonly kind: 'serve'; readonly slots: number; readonly serviceMs: number }
  /** `perSecond` requests at even distances; those begun before `settleMs` are left out. */
  | { readonly kind: 'load'; readonly port: number; readonly perSecond: number; readonly settleMs: number; readonly measureMs: number };

export interface OverloadResponse {
  /** Of the upstream that serves. */
  readonly port: number;
  /** How long each response took, by status, sorted. */
  readonly byStatus: Readonly<Record<number, readonly number[]>>;
  /** Responses of 200 in each `SLICE_MS` of the time that is measured. */
  readonly slices: readonly number[];
  /** Connections that ended without a response. */
  readonly lost: number;
}

export const SLICE_MS = 500;
