// A freeze stops starts and promotions of rollouts, never rollbacks. It outlasts a restart.

import type { FreezeView } from '../../api/rollouts.ts';
import type { Note } from '../../store/store.ts';
import type { Journal } from '../journal.ts';
import type { By } from './rollouts-api.ts';

const NOTE = 'rollouts-freeze';
const NONE: FreezeView = { frozen: false, reason: '', author: '' };

export interface FreezeDeps {
  readonly journal: Pick<Journal, 'note'>;
  readonly revision: () => number;
  readonly wallMs: () => number;
}

export class Freeze {
  readonly #deps: FreezeDeps;
  #view: FreezeView;

  /** @param notes what the process before has left */
  constructor(deps: FreezeDeps, notes: readonly Note[]) {
    this.#deps = deps;
    const kept = notes.find(({ name }) => name === NOTE);
    this.#view = kept === undefined ? NONE : readView(kept.text);
  }

  show(): FreezeView {
    return this.#view;
  }

  /** Why nothing may start; undefined when it may. */
  fault(): string | undefined {
    const { frozen, author, reason } = this.#view;
    if (!frozen) return undefined;
    return `Rollouts are frozen${author === '' ? '' : ` by ${author}`}${reason === '' ? '' : `: ${reason}`}. End it with: sluice rollout unfreeze`;
  }

  /** Durable when it resolves. Rejects when the store fails. */
  async set(frozen: boolean, { author, reason }: By): Promise<void> {
    const { journal, revision, wallMs } = this.#deps;
    const view: FreezeView = { frozen, author, reason, sinceMs: wallMs() };
    await journal.note(
      { name: NOTE, text: JSON.stringify(view) },
      { kind: 'freeze', author, revision: revision(), detail: { frozen, reason } },
    );
    this.#view = view;
  }
}

/** What cannot be read freezes: nobody knows what it said. */
function readView(text: string): FreezeView {
  try {
    const read = JSON.parse(text) as Partial<FreezeView>;
    if (typeof read.frozen !== 'boolean') throw new Error('no flag');
    const since = typeof read.sinceMs === 'number' ? { sinceMs: read.sinceMs } : {};
    return { frozen: read.frozen, reason: String(read.reason ?? ''), author: String(read.author ?? ''), ...since };
  } catch {
    return { ...NONE, frozen: true, reason: 'the kept freeze cannot be read' };
  }
}
