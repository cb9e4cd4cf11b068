// A link that somebody opens, and one that somebody uses: it is judged in the same turn in which it is obeyed, so that it does what it says once.

import type { RolloutView } from '../../api/rollouts.ts';
import type { RolloutState } from '../../rollout/model.ts';
import { idOf } from '../../rollout/id-of.ts';
import { commandOf } from './asked.ts';
import type { LinkContent } from './link-code.ts';
import type { Links } from './links.ts';
import type { AskedLink, LinkView, RolloutRefusal } from './rollouts-api.ts';
import type { Shelf } from './shelf.ts';
import { linkAuthor, standOf } from './show-link.ts';

export interface UseLinkDeps {
  readonly links: Pick<Links, 'read'>;
  readonly shelf: Pick<Shelf, 'withMember' | 'run'>;
  readonly show: (id: string) => RolloutView | undefined;
  readonly wallMs: () => number;
}

export function viewLink(deps: UseLinkDeps, asked: AskedLink): LinkView | undefined {
  const content = deps.links.read(asked);
  return content && viewOf(deps, content);
}

export async function followLink(deps: UseLinkDeps, asked: AskedLink, reason: string): Promise<LinkView | RolloutRefusal | undefined> {
  const content = deps.links.read(asked);
  if (content === undefined) return undefined;
  const { action } = content;
  const member = memberOf(deps, content);
  const run = member && deps.shelf.run(idOf(member));
  if (member === undefined || run === undefined) return viewOf(deps, content);
  // It proves nobody's identity: it may do no more than an operator.
  const command = commandOf(action, { author: linkAuthor(member, action), role: 'operator', reason, force: false }, '');
  const faultOf = (states: readonly RolloutState[]): string | undefined => {
    const stand = standOf(content, memberIn(states, content), deps.wallMs());
    return stand.is === 'open' ? undefined : stand.text;
  };
  try {
    const done = await run.command(command, faultOf);
    const view = viewOf(deps, content);
    if (typeof done !== 'string') return { ...view, is: 'done', text: DONE[action] };
    return view.is === 'over' ? view : { result: 'conflict', message: done };
  } catch (error) {
    return { result: 'failed', message: (error as Error).message };
  }
}

const DONE = {
  approve: 'The step is approved.',
  resume: 'The rollout is resumed.',
  abort: 'The rollout is aborted.',
} as const;

function viewOf(deps: UseLinkDeps, content: LinkContent): LinkView {
  const { action, untilS } = content;
  const member = memberOf(deps, content);
  const rollout = member && deps.show(idOf(member));
  return { ...standOf(content, member, deps.wallMs()), action, untilMs: untilS * 1000, rollout };
}

function memberOf({ shelf }: UseLinkDeps, content: LinkContent): RolloutState | undefined {
  const states = shelf.withMember(content.rollout);
  return states && memberIn(states, content);
}

function memberIn(states: readonly RolloutState[], { rollout }: LinkContent): RolloutState | undefined {
  return states.find(({ id }) => id === rollout);
}
