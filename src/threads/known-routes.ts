// The routes that were read last: those that a text says again stay the same objects, and the whole list when it says all of it again. What
// is worked out once for each object or list, or was sent to the workers before, is then not worked out or sent again.

import type { RouteConfig } from '../config/model.ts';
import type { Routes } from './reading-messages.ts';
import { sameCloned } from './same-cloned.ts';

/** Both lists, equally long. */
export type RouteLists = Omit<Routes, 'kind'>;

export class KnownRoutes {
  /** Weak: the config in force holds them, and nothing else need. */
  #config: WeakRef<readonly RouteConfig[]> | undefined = undefined;
  #written: WeakRef<readonly unknown[]> | undefined = undefined;

  /** From now on these are known, in place of those before. */
  remember({ config, written }: RouteLists): void {
    this.#config = new WeakRef(config);
    this.#written = new WeakRef(written);
  }

  /** Begins with a list of which no route has come yet. */
  collect(): Collection {
    const [config, written] = [this.#config?.deref(), this.#written?.deref()];
    return new Collection(config === undefined || written === undefined ? { config: [], written: [] } : { config, written });
  }
}

export class Collection {
  readonly #known: RouteLists;
  readonly #config: RouteConfig[] = [];
  readonly #written: unknown[] = [];
  /** Whether each so far is the one that stood at its place. */
  #isKnown = true;

  constructor(known: RouteLists) {
    this.#known = known;
  }

  get length(): number {
    return this.#config.length;
  }

  /** The next ones. What is written stays only together with what it means: each is remembered by the other. */
  add({ config, written }: RouteLists): void {
    const known = this.#known;
    for (let index = 0; index < config.length; index++) {
      const at = this.#config.length;
      const isSame =
        at < known.config.length && sameCloned(config[index], known.config[at]) && sameCloned(written[index], known.written[at]);
      this.#isKnown &&= isSame;
      this.#config.push(isSame ? known.config[at]! : config[index]!);
      this.#written.push(isSame ? known.written[at] : written[index]);
    }
  }

  /** When all have come. */
  get lists(): RouteLists {
    if (this.#isKnown && this.length === this.#known.config.length && this.length > 0) return this.#known;
    return { config: this.#config, written: this.#written };
  }
}
