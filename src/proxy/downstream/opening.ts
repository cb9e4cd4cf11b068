// A connection that is accepted and serves no requests yet, as its listener knows it.

export interface Opening {
  /** Whether anything has come on it yet. */
  readonly begun: boolean;
  /** Ends it with its listener. */
  destroy(): void;
}
