// Many clients at once, in a child process.
//
//   const crowd = startCrowd();
//   await crowd.order({ kind: 'open', port, count: 2000, request: get('/') });

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CrowdResponse, CrowdOrder } from './crowd-process.ts';
import { open } from './open.ts';

export class Crowd {
  readonly #process: ChildProcess;

  constructor() {
    this.#process = fork(fileURLToPath(new URL('./crowd-process.ts', import.meta.url)), { execArgv: [] });
  }

  /** Resolves when all have done it. */
  order(order: CrowdOrder): Promise<CrowdResponse> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null): void => reject(new Error(`the crowd ended with ${code}`));
      this.#process.once('message', (response) => {
        this.#process.off('exit', ended);
        resolve(response as CrowdResponse);
      });
      this.#process.once('exit', ended);
      this.#process.send(order);
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#process.exitCode !== null) return resolve();
      this.#process.once('exit', () => resolve());
      this.#process.kill('SIGKILL');
    });
  }
}

export function startCrowd(): Crowd {
  return open(new Crowd());
}
