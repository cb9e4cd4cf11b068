// What is asked of a load generator, and what it measured.

import type { LoadRequest } from './request.ts';

export interface LoadOptions {
  readonly request: LoadRequest;
  readonly connections: number;
  readonly seconds: number;
  /** A directory for what the generator has to write. */
  readonly dir: string;
}

export interface Load {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  /** Connections that failed, requests without a response, responses other than 2xx and 3xx. */
  readonly errors: number;
}

export interface Generator {
  readonly name: string;
  load(options: LoadOptions): Promise<Load>;
}
