// How many callers may have something at one time: so many of each token, and the last ones are kept for those who may do more. A viewer that
// takes all that it gets must not lock out an operator, nor an operator an admin.

import { ANONYMOUS } from './auth.ts';
import type { Role } from './auth.ts';

export interface PlaceBounds {
  readonly total: number;
  /** Of the total, kept from this role: for those above it. */
  readonly keptFrom: Readonly<Record<Role, number>>;
  /** Of one token of this role. */
  readonly perToken: Readonly<Record<Role, number>>;
}

export interface Holder {
  /** Name of a token, or `anonymous`: without tokens nobody can be told from others, and there is no bound but the total. */
  readonly author: string;
  readonly role: Role;
}

export class Places {
  readonly #bounds: PlaceBounds;
  readonly #perAuthor = new Map<string, number>();
  #taken = 0;

  constructor(bounds: PlaceBounds) {
    this.#bounds = bounds;
  }

  /** `own`: this token has all that it may have. `all`: there is none left for this role. Only `taken` must be given back. */
  take({ author, role }: Holder): 'taken' | 'own' | 'all' {
    const { total, keptFrom, perToken } = this.#bounds;
    const held = this.#perAuthor.get(author) ?? 0;
    if (author !== ANONYMOUS && held >= perToken[role]) return 'own';
    if (this.#taken >= (author === ANONYMOUS ? total : total - keptFrom[role])) return 'all';
    this.#taken += 1;
    this.#perAuthor.set(author, held + 1);
    return 'taken';
  }

  giveBack({ author }: Pick<Holder, 'author'>): void {
    const left = (this.#perAuthor.get(author) ?? 1) - 1;
    this.#taken -= 1;
    if (left > 0) this.#perAuthor.set(author, left);
    else this.#perAuthor.delete(author);
  }
}
