// One side of a takeover's connection: messages out, and in one at a time. Bounded in bytes; who waits says for how long.

import { after } from '../../lib/clock.ts';
import type { LineOwner, LineSocket } from '../../net/line-socket.ts';
import { readMessage } from './messages.ts';
import type { Message } from './messages.ts';

/** More than what is unhealthy in a large config takes. */
const MAX_LENGTH = 16 * 1024 * 1024;

/** `gone`: the other process has closed its side or died; `late`: it said nothing in time. */
export type Heard = Message | { readonly kind: 'gone' | 'late' };

const GONE: Heard = { kind: 'gone' };
const NONSENSE: Heard = { kind: 'failed', reason: 'it says what this release does not understand' };

export class Talk implements LineOwner {
  readonly #socket: LineSocket;
  readonly #heard: Heard[] = [];
  #waiting: ((heard: Heard) => void) | undefined = undefined;

  constructor(socket: LineSocket) {
    this.#socket = socket;
    socket.open(this, MAX_LENGTH);
  }

  send(message: Message): void {
    diesBefore(message);
    this.#socket.send(JSON.stringify(message));
  }

  /** One call at a time. @param limitMs Infinity: waits until it is gone */
  next(limitMs: number): Promise<Heard> {
    const [heard] = this.#heard;
    if (heard !== undefined) {
      // Gone it stays.
      if (heard !== GONE) this.#heard.shift();
      return Promise.resolve(heard);
    }
    return new Promise((resolve) => {
      const late = limitMs === Infinity ? undefined : after(limitMs, () => this.#settle({ kind: 'late' }));
      this.#waiting = (found) => {
        late?.stop();
        resolve(found);
      };
    });
  }

  /** What was sent before still arrives. */
  end(): void {
    this.#socket.end();
  }

  /** Waits for the other process no longer: it counts as gone. */
  giveUp(): void {
    this.#socket.destroy();
  }

  onLine(line: string): void {
    this.#hear(readMessage(line) ?? NONSENSE);
  }

  onTooLong(): void {
    this.#hear(NONSENSE);
  }

  onGone(): void {
    this.#hear(GONE);
  }

  #hear(heard: Heard): void {
    if (this.#waiting === undefined) this.#heard.push(heard);
    else {
      if (heard === GONE) this.#heard.push(heard);
      this.#settle(heard);
    }
  }

  #settle(heard: Heard): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(heard);
  }
}

/** For tests of what happens when a process dies at that point. */
function diesBefore({ kind }: Message): void {
  if (process.env['SLUICE_TEST_DIES_BEFORE'] === kind) process.kill(process.pid, 'SIGKILL');
}
