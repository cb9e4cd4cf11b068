// Rollouts as the store keeps them: each a note under its id. What cannot be read is told and left alone, never obeyed.

import { ENDED } from '../../rollout/model.ts';
import type { HistoryLine, RolloutState } from '../../rollout/model.ts';
import { readState } from '../../rollout/read-state.ts';
import type { Log } from '../../lib/log.ts';
import type { Note } from '../../store/store.ts';
import type { Journal } from '../journal.ts';

const NOTE = 'rollout ';
/** Rollouts that have ended and are remembered. */
const MAX_ENDED = 50;

export interface KeptRolloutsDeps {
  readonly journal: Pick<Journal, 'note' | 'keepNote' | 'record' | 'dropNotes'>;
  readonly revision: () => number;
  readonly log: Log;
}

export class KeptRollouts {
  readonly #deps: KeptRolloutsDeps;

  constructor(deps: KeptRolloutsDeps) {
    this.#deps = deps;
  }

  /** Oldest first. @param notes what the process before has left */
  read(notes: readonly Note[]): readonly RolloutState[] {
    const found = notes.filter(({ name }) => name.startsWith(NOTE)).flatMap(({ name, text }) => this.#readOne(name, text));
    return found.sort((a, b) => a.startedWallMs - b.startedWallMs);
  }

  #readOne(name: string, text: string): readonly RolloutState[] {
    const state = readState(text);
    if (!('fault' in state)) return [state];
    this.#deps.log.error(
      { note: name, fault: state.fault },
      'a rollout that was kept cannot be read: it does not go on, and its weights stay as they are',
    );
    return [];
  }

  /** Durable when it resolves, where there is something to tell. Rejects when the store fails. */
  async keep(state: RolloutState, told: readonly HistoryLine[]): Promise<void> {
    const { journal, revision } = this.#deps;
    const note = { name: `${NOTE}${state.id}`, text: JSON.stringify(state) };
    if (told.length === 0) return journal.keepNote(note);
    const { id, pool, baseline, canary, status } = state;
    const lines = told.map(({ what, author }) => {
      const detail = { rollout: id, pool, baseline, canary, state: status, step: state.step, what };
      return { kind: 'rollout', author, revision: revision(), detail } as const;
    });
    // The first makes the state durable: the others need not wait for the disk.
    await journal.note(note, lines[0]!);
    for (const { kind, author, revision: at, detail } of lines.slice(1)) await journal.record(kind, { author, revision: at }, detail);
  }

  /** Forgets the oldest of those that have ended. */
  async prune(all: readonly RolloutState[]): Promise<readonly RolloutState[]> {
    const ended = all.filter(({ status }) => ENDED.has(status)).sort((a, b) => (a.endedWallMs ?? 0) - (b.endedWallMs ?? 0));
    const gone = ended.slice(0, Math.max(0, ended.length - MAX_ENDED));
    await this.#deps.journal.dropNotes(gone.map(({ id }) => `${NOTE}${id}`)).catch(() => undefined);
    return gone;
  }
}
