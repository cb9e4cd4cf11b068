// Rollouts as the store keeps them: each a note under its id. What cannot be read is told and left alone, never obeyed.

import { ENDED } from '../../rollout/model.ts';
import type { RolloutState } from '../../rollout/model.ts';
import { GROUP_FORM, readStates } from '../../rollout/read-states.ts';
import { idOf } from '../../rollout/id-of.ts';
import type { Log } from '../../lib/log.ts';
import type { Note } from '../../store/store.ts';
import type { Journal } from '../journal.ts';
import type { Told } from './run-faults.ts';

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

  /** Of each rollout the states of its pools; oldest first. @param notes what the process before has left */
  read(notes: readonly Note[]): readonly (readonly RolloutState[])[] {
    const found = notes.filter(({ name }) => name.startsWith(NOTE)).flatMap(({ name, text }) => this.#readOne(name, text));
    return found.sort(([one], [other]) => one!.startedWallMs - other!.startedWallMs);
  }

  #readOne(name: string, text: string): readonly (readonly RolloutState[])[] {
    const states = readStates(text);
    if (!('fault' in states)) return [states];
    this.#deps.log.error(
      { note: name, fault: states.fault },
      'a rollout that was kept cannot be read: it does not go on, and its weights stay as they are',
    );
    return [];
  }

  /** All of its pools in one note. Durable when it resolves, where there is something to tell. Rejects when the store fails. */
  async keep(states: readonly RolloutState[], told: readonly Told[]): Promise<void> {
    const { journal, revision } = this.#deps;
    const note = { name: noteOf(states), text: JSON.stringify(states.length === 1 ? states[0] : { form: GROUP_FORM, pools: states }) };
    if (told.length === 0) return journal.keepNote(note);
    const lines = told.map(({ of, line: { what, author } }) => {
      const state = states.find(({ id }) => id === of) ?? states[0]!;
      const { pool, baseline, canary, status, step } = state;
      const detail = { rollout: idOf(state), pool, baseline, canary, state: status, step, what };
      return { kind: 'rollout', author, revision: revision(), detail } as const;
    });
    // The first makes the state durable: the others need not wait for the disk.
    await journal.note(note, lines[0]!);
    for (const { kind, author, revision: at, detail } of lines.slice(1)) await journal.record(kind, { author, revision: at }, detail);
  }

  /** Forgets the oldest of those that have ended. @param all the oldest first */
  async prune(all: readonly (readonly RolloutState[])[]): Promise<readonly (readonly RolloutState[])[]> {
    const ended = all.filter((states) => states.every(({ status }) => ENDED.has(status)));
    const gone = ended.slice(0, Math.max(0, ended.length - MAX_ENDED));
    await this.#deps.journal.dropNotes(gone.map(noteOf)).catch(() => undefined);
    return gone;
  }
}

function noteOf(states: readonly RolloutState[]): string {
  return `${NOTE}${idOf(states[0]!)}`;
}
