// An upstream of known capacity and callers that offer more than that, in a child process each.
//
//   const upstream = startOverload();
//   const { port } = await upstream.order({ kind: 'serve', slots: 8, serviceMs: 20 });
//   const { byStatus } = await startOverload().order({ kind: 'load', port: sluice.port, perSecond: 1200, settleMs: 2000, measureMs: 3000 });

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { open } from './open.ts';
import type { OverloadResponse, OverloadOrder } from './overload-order.ts';

export class Overload {
  readonly #process: ChildProcess;

  constructor() {
    this.#process = fork(fileURLToPath(new URL('./overload-process.ts', import.meta.url)), { execArgv: [] });
  }

  /** Resolves when it is done. */
  order(order: OverloadOrder): Promise<OverloadResponse> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null): void => reject(new Error(`the overload ended with ${code}`));
      this.#process.once('message', (response) => {
        this.#process.off('exit', ended);
        resolve(response as OverloadResponse);
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

export function startOverload(): Overload {
  return open(new Overload());
}
