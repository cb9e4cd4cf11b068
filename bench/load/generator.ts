// One interface, two generators: wrk where it is installed, autocannon everywhere.

import type { LoadRequest } from './request.ts';
import { isInstalled } from '../machine/children.ts';
import { autocannonGenerator } from './autocannon.ts';
import { wrkGenerator } from './wrk.ts';

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

export function chooseGenerator(): Generator {
  return isInstalled('wrk') ? wrkGenerator : autocannonGenerator;
}
