// Changes of endpoints on their way into the journal: health, and ejections. Bounded: what comes in crowds is counted and told as one line,
// so that a network that fails does not push the changes of operators out of the journal.

import type { Clock, Timer } from '../lib/clock.ts';
import type { JournalKind } from '../api/journal-kinds.ts';
import type { Journal } from './journal.ts';

export interface EndpointEventsDeps {
  readonly journal: Pick<Journal, 'record'>;
  /** What is in force. */
  readonly revision: () => number;
  readonly clock: Pick<Clock, 'after'>;
}

/** `kind` of the lines. */
export type EndpointEventKind = 'unhealthy' | 'healthy' | 'ejected' | 'unejected';

export interface EndpointEvent {
  readonly pool: string;
  readonly version: string;
  readonly endpoint: string;
  readonly [fact: string]: unknown;
}

/** Lines of their own in each span; what is more is told when it is over. */
const MAX_LINES = 20;
const SPAN_MS = 10_000;

export class EndpointEvents {
  readonly #deps: EndpointEventsDeps;
  readonly #omitted = new Map<EndpointEventKind, number>();
  #lines = 0;
  #span: Timer | undefined = undefined;

  constructor(deps: EndpointEventsDeps) {
    this.#deps = deps;
  }

  tell(kind: EndpointEventKind, event: EndpointEvent): void {
    this.#span ??= this.#deps.clock.after(SPAN_MS, () => this.#end(), { unref: true });
    if (this.#lines < MAX_LINES) {
      this.#lines++;
      this.#record(kind, event);
    } else this.#omitted.set(kind, (this.#omitted.get(kind) ?? 0) + 1);
  }

  /** Nothing more is told. */
  close(): void {
    this.#span?.stop();
  }

  #end(): void {
    this.#span = undefined;
    this.#lines = 0;
    const omitted = Object.fromEntries(this.#omitted);
    this.#omitted.clear();
    if (Object.keys(omitted).length > 0) this.#record('endpoints', omitted);
  }

  /** What cannot be kept is told to those who follow, and stands in the log. */
  #record(kind: JournalKind, detail: Readonly<Record<string, unknown>>): void {
    this.#deps.journal.record(kind, { author: '', revision: this.#deps.revision() }, detail).catch(() => undefined);
  }
}
