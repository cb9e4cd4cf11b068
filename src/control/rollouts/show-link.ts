// What somebody sees who opens a link: what it would do now, or that it does nothing any more, and who decided. Pure.

import { formatDuration } from '../../config/duration.ts';
import { isInPlace, stepAt } from '../../rollout/course.ts';
import type { Decided } from '../../rollout/decided.ts';
import type { RolloutState } from '../../rollout/model.ts';
import { decidedAt, isStill } from '../../rollout/occasion.ts';
import type { OccasionAction } from '../../rollout/occasion.ts';
import { idOf } from '../../rollout/id-of.ts';
import { describeStep } from './describe-step.ts';
import type { LinkContent } from './link-code.ts';

/** `open`: says what it would do; `over`: why it does nothing any more. In sentences. */
export interface LinkStand {
  readonly is: 'open' | 'over';
  readonly text: string;
}

/** @param state undefined when it is on record no more */
export function standOf({ action, occasion, untilS }: LinkContent, state: RolloutState | undefined, wallMs: number): LinkStand {
  if (state === undefined) return { is: 'over', text: 'The rollout is on record no more.' };
  const decided = decidedAt(state, occasion);
  if (decided !== undefined) return { is: 'over', text: sayWho(decided, linkAuthor(state, action)) };
  if (!isStill(state, occasion)) return { is: 'over', text: 'The rollout has moved on by itself, and waits for this decision no more.' };
  if (wallMs >= untilS * 1000) return { is: 'over', text: `This link worked until ${shownTime(untilS * 1000)}.` };
  return { is: 'open', text: forecast(action, state) };
}

/** For the journal: it says which link it was, for nobody knows who opened it. */
export function linkAuthor(state: Pick<RolloutState, 'id' | 'group'>, action: OccasionAction): string {
  return `link of rollout ${idOf(state)} (${action})`;
}

function shownTime(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

const PAST: Readonly<Record<Decided['what'], string>> = {
  approve: 'approved',
  resume: 'resumed',
  abort: 'aborted',
  promote: 'promoted',
  pause: 'paused',
  retry: 'retried',
  supersede: 'superseded',
};

function sayWho({ what, author, reason, wallMs }: Decided, own: string): string {
  const by = author === own || author === '' ? '' : ` by ${author}`;
  const said = `${PAST[what]}${by} at ${shownTime(wallMs)}${reason === '' ? '' : `: ${reason}`}`;
  return `${author === own ? 'This link was used' : 'It is decided already'}: ${said}${/[.!?]$/.test(said) ? '' : '.'}`;
}

function forecast(action: OccasionAction, state: RolloutState): string {
  switch (action) {
    case 'approve':
      return `${afterThisStep(state)}${state.status === 'paused' ? ' It is paused: it goes on when somebody resumes it.' : ''}`;
    case 'resume':
      return describeResume(state);
    case 'abort':
      return isInPlace(state)
        ? 'The rollout ends here. Endpoints that were replaced stay as they are.'
        : `The rollout ends, and the weights are as before it: ${Object.entries(state.before)
            .map(([version, weight]) => `${version} ${weight}`)
            .join(', ')}.`;
  }
}

function afterThisStep(state: RolloutState): string {
  const { step, template, canary } = state;
  const { length } = template.steps;
  const next = stepAt(state, step + 1);
  if (next !== undefined) return `The rollout goes on to step ${step + 2} of ${length}: ${describeStep(next)}.`;
  return isInPlace(state) ? 'That was the last step: the rollout ends.' : `That was the last step: ${canary} gets everything.`;
}

function describeResume(state: RolloutState): string {
  const { held } = state;
  if (held === 'check' || held === 'smoke' || held === 'hook')
    return 'The rollout goes on with this step. What failed counts no more, and half of alpha is left.';
  const step = stepAt(state, state.step);
  const anew = step !== undefined && 'atMostMs' in step ? `, whose time of ${formatDuration(step.atMostMs)} begins anew` : '';
  return `The rollout goes on with this step${anew}.`;
}
