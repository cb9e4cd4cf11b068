// What is asked for of rollouts, in the words of the machine, and how a refusal is told. Pure.

import type { Config, PoolConfig } from '../../config/model.ts';
import type { RolloutTemplate } from '../../config/rollout-model.ts';
import { allTemplates, DEFAULT_TEMPLATE, findTemplate } from '../../config/shipped-rollouts.ts';
import type { Clock } from '../../lib/clock.ts';
import { FORCED } from '../../rollout/command.ts';
import type { RolloutCommand, RolloutState } from '../../rollout/model.ts';
import { commandTogether } from '../../rollout/together.ts';
import { closedAt } from '../../rollout/windows.ts';
import type { ActBy, RolloutAction, RolloutRefusal, StartRequest } from './rollouts-api.ts';

/** The pool and the template that are meant, or why there is none. */
function findTarget(
  config: Config | undefined,
  { pool: name, template: asked = DEFAULT_TEMPLATE }: { readonly pool: string; readonly template: string | undefined },
) {
  if (config === undefined) return { result: 'failed', message: 'No config is in force.' } as const;
  const pool = config.pools.find((each) => each.name === name);
  if (pool === undefined)
    return unknown(
      'pool',
      name,
      config.pools.map((each) => each.name),
    );
  const template = findTemplate(config, asked);
  if (template === undefined)
    return unknown(
      'rollout template',
      asked,
      allTemplates(config).map((each) => each.name),
    );
  return { config, pool, template };
}

/** All pools that are meant. */
export function findTargets(
  config: Config | undefined,
  { pools: asked, template }: Pick<StartRequest, 'pools' | 'template'>,
): { readonly pools: readonly PoolConfig[]; readonly template: RolloutTemplate } | RolloutRefusal {
  const pools: PoolConfig[] = [];
  let by: RolloutTemplate | undefined;
  for (const [index, { pool }] of asked.entries()) {
    const found = findTarget(config, { pool, template });
    if ('result' in found) return found;
    if (pools.includes(found.pool))
      return { result: 'rejected', problems: [{ path: `pools[${index}].pool`, message: `pool ${pool} is named twice` }] };
    pools.push(found.pool);
    by = found.template;
  }
  return by === undefined
    ? { result: 'rejected', problems: [{ path: 'pools', message: 'at least one pool is moved' }] }
    : { pools, template: by };
}

export function commandOf(action: RolloutAction, { author, reason, role, force }: ActBy, salt: string): RolloutCommand {
  if (action === 'approve') return { kind: action, author, reason, role: role === 'admin' ? 'admin' : 'operator' };
  if (action === 'retry') return { kind: action, author, reason, force, salt };
  return action === 'resume' || action === 'promote' ? { kind: action, author, reason, force } : { kind: action, author, reason };
}

/** What this process counts is a segment of its own. */
export function takenUp(states: readonly RolloutState[], clock: Pick<Clock, 'nowMs' | 'wallMs'>): readonly RolloutState[] {
  const done = commandTogether(states, { kind: 'taken-up' }, { nowMs: clock.nowMs(), wallMs: clock.wallMs() });
  return typeof done === 'string' ? states : done;
}

/** Why windows may not be passed over; undefined when they may, or when nobody asks for it. */
export function forceFault({ force, reason }: ActBy, action: RolloutAction | 'start'): RolloutRefusal | undefined {
  if (!force) return undefined;
  if (action === 'pause' || action === 'approve' || action === 'abort')
    return { result: 'rejected', problems: [{ path: 'force', message: `${action} waits for no window: leave force out` }] };
  if (reason !== '') return undefined;
  return { result: 'rejected', problems: [{ path: 'reason', message: 'force needs a reason: it stands in the journal' }] };
}

/** Why a rollout of the template may not start now. */
export function closedFault({ name, windows }: RolloutTemplate, force: boolean, wallMs: number): string | undefined {
  const closed = force ? undefined : closedAt(windows, wallMs);
  return closed && `A rollout by ${name} cannot start: ${closed.sentence}. ${FORCED}.`;
}

export function conflict(message: string): RolloutRefusal {
  return { result: 'conflict', message };
}

function unknown(what: string, name: string, known: readonly string[]): RolloutRefusal {
  return { result: 'unknown', message: `There is no ${what} ${name}. There are: ${known.slice(0, 20).join(', ')}.` };
}
