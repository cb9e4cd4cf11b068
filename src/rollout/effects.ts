// What a rollout has done for it by others, and waits for: hooks and smoke requests. Each has a name, by which its result comes back.

import type { HookMoment, RolloutHook } from '../config/rollout-model.ts';
import type { Effect, EffectResult, RolloutState } from './model.ts';

/** Results that are kept. An effect whose result is not kept would be done again and again. */
export const MAX_RESULTS = 4096;
/** Of those the endpoints of one batch may have; the others are for gates, smoke requests and other hooks. */
const MAX_BATCH_RESULTS = MAX_RESULTS - 512;

type Named = Pick<RolloutState, 'epoch' | 'step'>;

/** Under which the result of comparing by a step `mirror` is seen, and which the mirror is wanted by. */
export function mirrorResultName(step: number): string {
  return `mirror of step ${step + 1}`;
}

/** What a step `mirror` calls its mirror. */
export function mirrorName({ id }: Pick<RolloutState, 'id'>): string {
  return `${id}-mirror`;
}

export function smokeEffect({ epoch, step }: Named): Effect {
  return { name: `smoke ${epoch}.${step}`, kind: 'smoke', step };
}

/** By which an approval of the step is remembered. */
export function approvalName({ epoch, step }: Named): string {
  return `approved ${epoch}.${step}`;
}

/** The hooks of a moment. @param endpoint by its key, of the moment `endpoint` */
export function hooksOf(state: RolloutState, moment: HookMoment, endpoint?: string): readonly Effect[] {
  return state.template.hooks.flatMap((hook, index) =>
    hook.on.includes(moment) ? [{ name: hookName(state, { index, moment, endpoint }), kind: 'hook', hook: index, moment, endpoint }] : [],
  );
}

/** What has happened already waits for nobody. */
const TOLD: ReadonlySet<HookMoment> = new Set<HookMoment>(['approve', 'rollback', 'hold', 'end']);

/** Whether the rollout waits for it and does not go on when it fails. */
function isWaitedFor(hook: RolloutHook | undefined, moment: HookMoment): boolean {
  if (moment === 'endpoint') return true;
  return hook?.required === true && !TOLD.has(moment);
}

export type Outcome = { readonly is: 'done' } | { readonly is: 'open' } | { readonly is: 'failed'; readonly sentence: string };

/** What became of effects: open while one that is waited for has no result. */
export function outcomeOf(state: RolloutState, effects: readonly Effect[]): Outcome {
  let isOpen = false;
  for (const effect of effects) {
    if (effect.kind === 'hook' && !isWaitedFor(state.template.hooks[effect.hook], effect.moment)) continue;
    const result = resultOf(state, effect.name);
    if (result === undefined) isOpen = true;
    else if (!result.ok) return { is: 'failed', sentence: result.sentence };
  }
  return { is: isOpen ? 'open' : 'done' };
}

/** Those that have no result yet. */
export function withoutResult(state: RolloutState, effects: readonly Effect[]): readonly Effect[] {
  return effects.filter(({ name }) => resultOf(state, name) === undefined);
}

function resultOf({ done }: Pick<RolloutState, 'done'>, name: string): EffectResult | undefined {
  return Object.hasOwn(done, name) ? done[name] : undefined;
}

/** How many endpoints can be replaced at once, so that all results of their hooks are kept. */
export function mostAtOnce({ template }: Pick<RolloutState, 'template'>): number {
  return Math.floor(MAX_BATCH_RESULTS / Math.max(1, template.hooks.filter(({ on }) => on.includes('endpoint')).length));
}

/** The results that are kept where one more comes: when they are many, those of earlier holds go. Undefined: there is no room. */
export function withRoom(state: RolloutState): RolloutState['done'] | undefined {
  const { done } = state;
  const results = Object.entries(done);
  if (results.length < MAX_RESULTS) return done;
  const left = results.filter(([name]) => !/^hook \d+ hold /.test(name) || name.endsWith(` ${placeOf(state, 'hold')}`));
  return left.length < MAX_RESULTS ? Object.fromEntries(left) : undefined;
}

interface HookSpot {
  readonly index: number;
  readonly moment: HookMoment;
  readonly endpoint: string | undefined;
}

function hookName(state: RolloutState, { index, moment, endpoint }: HookSpot): string {
  return `hook ${index} ${moment} ${placeOf(state, moment)}${endpoint === undefined ? '' : ` ${endpoint}`}`;
}

/** Moments that come once in an epoch have no step in their name: they are not called again when the step changes. */
function placeOf({ epoch, step, resumed, held = 'cold' }: RolloutState, moment: HookMoment): string {
  switch (moment) {
    case 'step':
    case 'approve':
    case 'endpoint':
      return `${epoch}.${step}`;
    case 'hold':
      // What has waited for data may wait for a person later, and what was resumed is held anew.
      return `${epoch}.${step} ${held} ${resumed}`;
    case 'start':
    case 'promote':
    case 'rollback':
    case 'end':
      return `${epoch}`;
  }
}
