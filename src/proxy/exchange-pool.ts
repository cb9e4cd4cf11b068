// Exchanges that are kept for later requests instead of being collected. What comes back is reset at once, so that it holds on to nothing.

import type { RequestSink } from './downstream/request-sink.ts';

const MAX_SPARE = 256;

export class ExchangePool {
  readonly #create: () => RequestSink;
  readonly #spare: RequestSink[] = [];

  constructor(create: () => RequestSink) {
    this.#create = create;
  }

  take(): RequestSink {
    return this.#spare.pop() ?? this.#create();
  }

  put(exchange: RequestSink): void {
    exchange.reset();
    if (this.#spare.length < MAX_SPARE) this.#spare.push(exchange);
  }
}
