// Where a process that serves can be taken over from: a Unix socket in the folder of the state. One at a time; whatever goes wrong before
// both know that it is done, this process takes its state back and serves on.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { OwnPath } from '../../lib/own-path.ts';
import { listenForLines } from '../../net/line-socket.ts';
import type { LineSocket } from '../../net/line-socket.ts';
import { takeoverFolder } from '../../store/moving-store.ts';
import { SCHEMA_VERSION } from '../../store/schema.ts';
import { version } from '../version.ts';
import { PROTOCOL } from './messages.ts';
import type { Entry, Given, Hello } from './messages.ts';
import { SOCKET_NAME } from './take-over.ts';
import { Talk } from './talk.ts';

const HELLO_LIMIT_MS = 5_000;
/** A large config takes its time to compile. */
const READY_LIMIT_MS = 60_000;
const TAKEN_LIMIT_MS = 10_000;
/** For the other process to go, when this one is told to stop meanwhile. */
const STOP_LIMIT_MS = 3_000;
const TRY_AGAIN_MS = 50;
/** A process that ends waits no longer for what was its own. */
const MAX_LAST_TRIES = 40;
const STOPPING = 'it was told to stop meanwhile';

/** The instance, as it gives way. */
export interface GivesWay {
  /** Puts it at rest and gives up the folder of the state. Rejects with the reason when it cannot; then nothing has changed. */
  give(): Promise<Given>;
  /** Recorded since then. */
  since(): Promise<readonly Entry[]>;
  /** Takes the folder back. Throws while another process has it. */
  takeBack(): void;
  /** Goes on. */
  resume(by: Hello, reason: string): Promise<void>;
  /** Somebody else serves: ends. */
  leave(by: Hello): void;
}

export class TakeoverDoor {
  readonly #instance: GivesWay;
  readonly #log: Log;
  #server: Awaited<ReturnType<typeof listenForLines>> | undefined = undefined;
  #path: OwnPath | undefined = undefined;
  #taking: Hello | undefined = undefined;
  #talk: Talk | undefined = undefined;
  #work: Promise<void> = Promise.resolve();
  #isStopping = false;

  constructor(instance: GivesWay, log: Log) {
    this.#instance = instance;
    this.#log = log;
  }

  /** Never rejects: without it this process can only be replaced by a restart. */
  async open(dir: string): Promise<void> {
    const folder = takeoverFolder(dir);
    // Nobody may connect before it has its mode.
    const draft = join(folder, 's');
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      this.#server = await listenForLines(draft, (socket) => this.#meet(socket));
      this.#path = new OwnPath(join(dir, SOCKET_NAME), draft, 0o600);
    } catch (error) {
      this.#server?.close();
      this.#log.warn({ reason: String(error) }, 'no other process can take over from this one: an upgrade is a restart');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** The process ends otherwise: what was given up is taken back, as far as it can be. */
  async close(): Promise<void> {
    this.#isStopping = true;
    this.#path?.remove();
    this.#server?.close();
    const talk = this.#talk;
    talk?.send({ kind: 'aborted', reason: STOPPING });
    const late = after(STOP_LIMIT_MS, () => talk?.giveUp());
    await this.#work;
    late.stop();
  }

  #meet(socket: LineSocket): void {
    const talk = new Talk(socket);
    const fault = this.#taking === undefined ? undefined : `pid ${this.#taking.pid} is taking over already`;
    void this.#greet(talk, fault);
  }

  async #greet(talk: Talk, busy: string | undefined): Promise<void> {
    const hello = await talk.next(HELLO_LIMIT_MS);
    if (hello.kind !== 'hello') return talk.end();
    const fault = busy ?? this.#faultOf(hello);
    if (fault !== undefined) {
      this.#log.warn({ by: hello.pid, version: hello.version, reason: fault }, 'a takeover is refused');
      talk.send({ kind: 'refused', reason: fault });
      return talk.end();
    }
    this.#taking = hello;
    this.#talk = talk;
    this.#work = this.#giveWay(talk, hello).finally(() => talk.end());
    await this.#work;
  }

  #faultOf({ protocol, schema, pid }: Hello): string | undefined {
    if (this.#isStopping) return 'it is stopping';
    if (this.#taking !== undefined) return `pid ${this.#taking.pid} is taking over already`;
    if (protocol !== PROTOCOL)
      return `pid ${pid} speaks version ${protocol} of the takeover protocol, and release ${version} that runs speaks ${PROTOCOL}: restart instead`;
    if (schema !== SCHEMA_VERSION)
      return `pid ${pid} keeps state in form ${schema}, and release ${version} that runs keeps it in form ${SCHEMA_VERSION}: restart instead`;
    return undefined;
  }

  async #giveWay(talk: Talk, hello: Hello): Promise<void> {
    const { pid, version: release } = hello;
    this.#log.info({ by: pid, version: release }, 'another process takes over: changes wait');
    let given: Given;
    try {
      given = await this.#instance.give();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      talk.send({ kind: 'refused', reason });
      this.#taking = undefined;
      return this.#instance.resume(hello, reason);
    }
    talk.send(given);
    const ready = await talk.next(READY_LIMIT_MS);
    if (ready.kind !== 'ready' || this.#isStopping) {
      const reason = ready.kind === 'ready' ? STOPPING : reasonOf(ready);
      // It was never told that it is the one, so that it never will be: nobody has to wait for its end.
      const gone = this.#untilGone(talk, reason);
      await this.#instance.resume(hello, reason);
      await gone;
      return this.#takeBack();
    }
    talk.send({ kind: 'yours', entries: await this.#instance.since() });
    const taken = await talk.next(TAKEN_LIMIT_MS);
    const reason = taken.kind === 'taken' ? undefined : await this.#untilGone(talk, reasonOf(taken));
    if (reason === undefined) return this.#leave(hello);
    await this.#takeBack();
    await this.#instance.resume(hello, reason);
  }

  #leave(hello: Hello): void {
    this.#path?.remove();
    this.#server?.close();
    this.#instance.leave(hello);
  }

  /** As long as it lives it may have the state, and believe that it was told so. */
  async #untilGone(talk: Talk, reason: string): Promise<string | undefined> {
    talk.send({ kind: 'aborted', reason });
    for (;;) {
      const heard = await talk.next(Infinity);
      if (heard.kind === 'taken') return undefined;
      if (heard.kind === 'gone') return reason;
    }
  }

  /** A process that ends closes its files one after the other. */
  async #takeBack(): Promise<void> {
    for (let tries = 1; !this.#isStopping || tries <= MAX_LAST_TRIES; tries++) {
      try {
        this.#instance.takeBack();
        this.#taking = undefined;
        this.#talk = undefined;
        return;
      } catch (error) {
        if (tries === 1) this.#log.info({ reason: String(error) }, 'the state is not free yet');
        await new Promise<void>((resolve) => void after(TRY_AGAIN_MS, resolve));
      }
    }
  }
}

function reasonOf(heard: { readonly kind: string; readonly reason?: string }): string {
  if (heard.reason !== undefined) return heard.reason;
  if (heard.kind === 'gone') return 'it died';
  return heard.kind === 'late' ? 'it was silent for too long' : `it said ${heard.kind} out of turn`;
}
