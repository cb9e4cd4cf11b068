// Links in notifications, by which somebody without a token decides about a rollout: made for hooks, and read again when one is opened.

import type { AdminLinksConfig } from '../../config/model.ts';
import type { HookMoment } from '../../config/rollout-model.ts';
import type { RolloutState } from '../../rollout/model.ts';
import { actionsAt, knownApproverNeeded, occasionOf } from '../../rollout/occasion.ts';
import type { OccasionAction } from '../../rollout/occasion.ts';
import { codeOf, readCode } from './link-code.ts';
import type { LinkContent } from './link-code.ts';
import { LINKS_PATH } from './rollouts-api.ts';
import type { AskedLink } from './rollouts-api.ts';

export interface LinksDeps {
  /** That of the instance; undefined: none was made yet. */
  readonly key: { get(): Uint8Array; known(): Uint8Array | undefined };
  /** Of the config that is in force; undefined: there are no links, and those from before do not work. */
  readonly settings: () => AdminLinksConfig | undefined;
  readonly wallMs: () => number;
}

/** What a hook tells of them, in its words. */
export interface ToldLinks {
  /** Addresses by what they do. */
  readonly links: Readonly<Partial<Record<OccasionAction, string>>>;
  /** Until when they work, if nobody decides before (ISO 8601). */
  readonly linksUntil: string;
  /** Why there is none that approves, at a step that waits for that. */
  readonly noApproveLink: string | undefined;
}

export class Links {
  readonly #deps: LinksDeps;

  constructor(deps: LinksDeps) {
    this.#deps = deps;
  }

  /** Undefined where the config asks for none, and where nobody is asked anything. */
  told(state: RolloutState, moment: HookMoment): ToldLinks | undefined {
    const settings = this.#deps.settings();
    const occasion = moment === 'approve' || moment === 'hold' ? occasionOf(state, moment) : undefined;
    if (settings === undefined || occasion === undefined) return undefined;
    const untilS = Math.floor((this.#deps.wallMs() + settings.forMs) / 1000);
    const key = this.#deps.key.get();
    const { id: rollout } = state;
    const addressOf = (action: OccasionAction): string =>
      `${settings.url}${LINKS_PATH}${rollout}/${action}/${codeOf({ rollout, action, occasion, untilS }, key)}`;
    const links = Object.fromEntries(actionsAt(state, occasion).map((action) => [action, addressOf(action)]));
    const known = knownApproverNeeded(state);
    return {
      links,
      linksUntil: new Date(untilS * 1000).toISOString(),
      noApproveLink: known && `No link approves: ${known}, and a link does not say who opens it.`,
    };
  }

  /** Undefined for what this instance has not made, and where there are no links. Whether it still works is not looked at. */
  read(asked: AskedLink): LinkContent | undefined {
    if (this.#deps.settings() === undefined) return undefined;
    const key = this.#deps.key.known();
    return key && readCode(asked, key);
  }
}

const VERBS: Readonly<Record<OccasionAction, string>> = { approve: 'Approve', resume: 'Resume', abort: 'Abort' };

/** The same for a chat: chat tools make links of addresses in a text. Lines behind the first; empty where there are none. */
export function linesOf(told: ToldLinks | undefined): readonly string[] {
  if (told === undefined) return [];
  const lines = Object.entries(told.links).map(([action, address]) => `${VERBS[action as OccasionAction]}: ${address}`);
  return [...(told.noApproveLink === undefined ? [] : [told.noApproveLink]), ...lines];
}
