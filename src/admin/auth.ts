// Who calls, and what that role may do. Knows nothing of what the calls mean.

import type { AdminTokenConfig } from '../config/model.ts';
import type { Tokens } from './tokens.ts';

export type Role = AdminTokenConfig['role'];

/** What a route asks for; `open` routes need no token at all. */
export type Access = Role | 'open';

export type Caller =
  | { readonly kind: 'known'; readonly author: string; readonly role: Role }
  /** `isMissing` = no token was sent. */
  | { readonly kind: 'unknown'; readonly isMissing: boolean };

export const ANONYMOUS = 'anonymous';

const RANKS: Readonly<Record<Access, number>> = { open: 0, viewer: 1, operator: 2, admin: 3 };

/** @param authorization the field as it came. Without configured tokens everybody is `anonymous` and an operator, for it is not known who calls. */
export function identify(tokens: Tokens, authorization: string | undefined): Caller {
  if (!tokens.required) return { kind: 'known', author: ANONYMOUS, role: 'operator' };
  if (authorization === undefined) return { kind: 'unknown', isMissing: true };
  // RFC 6750, section 2.1, and any other printable character.
  const secret = /^Bearer +([\x21-\x7e]{1,4096})$/i.exec(authorization)?.[1];
  const token = secret === undefined ? undefined : tokens.find(secret);
  return token === undefined ? { kind: 'unknown', isMissing: false } : { kind: 'known', author: token.name, role: token.role };
}

export function mayDo(role: Role, access: Access): boolean {
  return RANKS[role] >= RANKS[access];
}
