// What stands in a link: a decision, the occasion that it is for, until when it works, and a seal that only this instance can make. Nothing of it
// is kept anywhere: a link is spent when its occasion is over. Pure.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { HOLD_REASONS } from '../../rollout/decided.ts';
import type { HoldReason } from '../../rollout/decided.ts';
import { OCCASION_ACTIONS } from '../../rollout/occasion.ts';
import type { Occasion, OccasionAction } from '../../rollout/occasion.ts';
import type { AskedLink } from './rollouts-api.ts';

export interface LinkContent {
  /** Of the state of one pool. */
  readonly rollout: string;
  readonly action: OccasionAction;
  readonly occasion: Occasion;
  /** Seconds since the epoch. */
  readonly untilS: number;
}

/** Half of the digest of SHA-256: as short as RFC 2104, section 5 has it. */
const SEAL_DIGITS = 32;
const WHOLE = '(?:0|[1-9][0-9]{0,8})';
const CODE = new RegExp(
  `^((?:approve\\.${WHOLE}\\.${WHOLE}|hold\\.${WHOLE}\\.${WHOLE}\\.${WHOLE}\\.[a-z-]{1,16})\\.[1-9][0-9]{0,10})\\.([0-9a-f]{${SEAL_DIGITS}})$`,
);

/** Letters, digits, dots and hyphens, and at its end a digit of the seal: whatever finds addresses in a text takes it whole. */
export function codeOf({ rollout, action, occasion, untilS }: LinkContent, key: Uint8Array): string {
  const words = `${textOf(occasion)}.${untilS}`;
  return `${words}.${sealOf({ rollout, action, words }, key)}`;
}

/** Undefined for what was not sealed with this key, byte for byte. */
export function readCode({ rollout, action, code }: AskedLink, key: Uint8Array): LinkContent | undefined {
  const [, words, seal] = CODE.exec(code) ?? [];
  const known = OCCASION_ACTIONS.find((each) => each === action);
  if (words === undefined || seal === undefined || known === undefined || rollout.includes('\n')) return undefined;
  if (!timingSafeEqual(Buffer.from(seal), Buffer.from(sealOf({ rollout, action, words }, key)))) return undefined;
  return contentOf(rollout, known, words);
}

interface Sealed {
  readonly rollout: string;
  readonly action: string;
  readonly words: string;
}

function sealOf({ rollout, action, words }: Sealed, key: Uint8Array): string {
  return createHmac('sha256', key).update(`sluice link 1\n${rollout}\n${action}\n${words}`).digest('hex').slice(0, SEAL_DIGITS);
}

function textOf(occasion: Occasion): string {
  const { moment, epoch, step } = occasion;
  return moment === 'approve' ? `${moment}.${epoch}.${step}` : `${moment}.${epoch}.${step}.${occasion.resumed}.${occasion.held}`;
}

function contentOf(rollout: string, action: OccasionAction, words: string): LinkContent | undefined {
  const parts = words.split('.');
  const [epoch, step, resumed] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const untilS = Number(parts.at(-1));
  if (parts[0] === 'approve') return { rollout, action, occasion: { moment: 'approve', epoch, step }, untilS };
  const held = heldOf(parts[4]);
  return held && { rollout, action, occasion: { moment: 'hold', epoch, step, resumed, held }, untilS };
}

/** Undefined of a reason that another release knew. */
function heldOf(text: string | undefined): HoldReason | undefined {
  return HOLD_REASONS.find((each) => each === text);
}
