// What every proxy under test must offer to the bench.

import type { Child } from '../machine/children.ts';

export interface Rival {
  readonly name: string;
  /** How to get it on Debian. */
  readonly install: string;
  available(): boolean;
  /** Starts it in front of the upstream; it may write below `dir`. It is not yet ready when this resolves. */
  start(upstreamPort: number, dir: string): Promise<RunningRival>;
}

export interface RunningRival {
  readonly port: number;
  /** The processes whose time and memory count, without their descendants, which count too. */
  readonly pids: readonly number[];
  readonly child: Child;
  /** It speaks TLS. */
  readonly secure?: boolean;
  /** It speaks HTTP/2 without being asked, and nothing else. */
  readonly speaksHttp2Alone?: boolean;
}
