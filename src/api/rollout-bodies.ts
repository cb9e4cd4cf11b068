// What calls about rollouts bring: how one is started and steered, and what it is told from outside.

import { z } from 'zod';
import { MAX_POOLS } from '../config/rollout-model.ts';
import { addProblem, flag, oneOf, strictMap } from '../config/schema/strict-map.ts';
import { NAME_PATTERN } from '../config/syntax.ts';
import { reason } from './change.ts';

const name = (what: string) =>
  z.string({ error: `${what} must be text` }).regex(new RegExp(NAME_PATTERN), { error: `${what} must be a name` });

const force = flag().describe('Also while no window of the template is open; it takes a reason.').optional();

const target = {
  pool: name('pool').describe('The pool that is moved.'),
  to: name('to').describe('The version that is to serve the pool: the canary.'),
  from: name('from').describe('The version that serves it now: the baseline. Default: the version of the greatest weight.').optional(),
};

const targets = {
  pool: target.pool.optional(),
  to: target.to.optional(),
  from: target.from,
  pools: z
    .array(strictMap(target), { error: 'pools must be a list' })
    .min(2, { error: 'pools must have at least 2 items: one pool alone is { pool, to }' })
    .max(MAX_POOLS, { error: `pools must have at most ${MAX_POOLS} items` })
    .describe('In place of pool and to: several pools that take their steps together and go back together.')
    .optional(),
};

export const rolloutPlanBody = strictMap({
  ...targets,
  template: name('template').describe('As of a start.').optional(),
  reason,
}).superRefine(nameOneOrSeveral);

export const rolloutStartBody = strictMap({
  ...targets,
  template: name('template').describe('A template of the config, or one of those that Sluice brings. Default: canary.').optional(),
  reason,
  force,
}).superRefine(nameOneOrSeveral);

interface Named {
  readonly pool?: string | undefined;
  readonly to?: string | undefined;
  readonly from?: string | undefined;
  readonly pools?: readonly unknown[] | undefined;
}

function nameOneOrSeveral({ pool, to, from, pools }: Named, context: Parameters<typeof addProblem>[0]): void {
  if (pools !== undefined && (pool !== undefined || to !== undefined || from !== undefined))
    addProblem(context, 'name one pool with pool and to, or several with pools, not both', ['pools']);
  if (pools !== undefined) return;
  if (pool === undefined) addProblem(context, 'pool is missing: name the pool that is moved, or several with pools', ['pool']);
  if (to === undefined) addProblem(context, 'to is missing: name the version that is to serve the pool', ['to']);
}

export const rolloutActionBody = strictMap({ reason });

export const rolloutForwardBody = strictMap({ reason, force });

export const freezeBody = strictMap({ frozen: flag(), reason });

export const alarmsBody = z
  .object({
    alerts: z
      .array(
        z.object({
          status: oneOf('status', ['firing', 'resolved']),
          labels: z
            .record(z.string().max(200), z.string().max(1000))
            .refine((labels) => Object.keys(labels).length <= 64, { error: 'labels must have at most 64 entries' }),
        }),
      )
      .max(200),
  })
  .describe('The form of an Alertmanager webhook; members that are not named here are ignored.');

/** A conversion of a user, seen by the application. */
export const conversionsBody = strictMap({
  events: z
    .array(
      strictMap({
        event: z
          .string({ error: 'event must be text' })
          .min(1)
          .max(200)
          .describe('As a check of kind event (told) or value (event) names it.'),
        key: z
          .string({ error: 'key must be text' })
          .min(1)
          .max(1000)
          .describe('The affinity key of the user, as the requests of the pool bring it.'),
        value: z
          .number({ error: 'value must be a number' })
          .min(0, { error: 'value must be 0 or more' })
          .max(1e15, { error: 'value must be at most 1e15' })
          .describe('What it is worth, for a check of kind value; those of a user are added up, to its cap.')
          .optional(),
      }),
      { error: 'events must be a list' },
    )
    .max(1000, { error: 'events must have at most 1000 items' }),
});
