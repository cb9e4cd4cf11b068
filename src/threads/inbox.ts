// What the control thread has sent to this thread, in order. It keeps what comes before there is anyone to take it.

import type { MessagePort } from 'node:worker_threads';
import type { ToWorker, WorkerStart } from './messages.ts';

export class Inbox {
  /** What the thread is, and is among others: the first message of all. */
  readonly first: Promise<WorkerStart>;
  readonly #early: ToWorker[] = [];
  #take: ((message: ToWorker) => void) | undefined = undefined;

  constructor(port: Pick<MessagePort, 'on'>) {
    this.first = new Promise((resolve) => {
      let isFirst = true;
      port.on('message', (message: WorkerStart | ToWorker) => {
        if (isFirst) resolve(message as WorkerStart);
        else if (this.#take === undefined) this.#early.push(message as ToWorker);
        else this.#take(message as ToWorker);
        isFirst = false;
      });
    });
  }

  /** From now on `take` gets every message, those first that have come already. */
  open(take: (message: ToWorker) => void): void {
    for (let message = this.#early.shift(); message !== undefined; message = this.#early.shift()) take(message);
    this.#take = take;
  }
}
