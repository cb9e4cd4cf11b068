// Who calls, and what that role may do. Knows nothing of what the calls mean.

import type { Socket } from 'node:net';
import type { AdminTokenConfig, CertificateRoleConfig } from '../config/model.ts';
import type { Tokens } from './tokens.ts';

export type Role = AdminTokenConfig['role'];

/** What a route asks for; `open` routes need no token at all, and a `link` is asked for itself. */
export type Access = Role | 'open' | 'link';

export type Caller =
  | { readonly kind: 'known'; readonly author: string; readonly role: Role; readonly by: 'token' | 'certificate' | 'nothing' }
  /** `isMissing` = no token was sent. `roleless`: why the certificate that was shown has no role, as the end of a sentence. */
  | { readonly kind: 'unknown'; readonly isMissing: boolean; readonly roleless: string | undefined };

/** Clients that are known by the certificate of their connection. */
export interface CertificateCallers {
  /** Whether any certificate has a role. */
  readonly required: boolean;
  /** Its entry; a string says why there is none for what it has shown; undefined where it has shown nothing that counts. */
  find(socket: Socket): CertificateRoleConfig | string | undefined;
  /** Why a connection that was let in gets nothing any more, as a sentence; undefined: it does. */
  faultOf(socket: Socket): string | undefined;
}

/** What callers are known by; the second where the admin API speaks TLS. */
export interface Credentials {
  readonly tokens: Tokens;
  readonly certificates: CertificateCallers | undefined;
}

export interface ShownCredentials {
  /** The field as it came. */
  readonly authorization: string | undefined;
  readonly socket: Socket;
}

export const ANONYMOUS = 'anonymous';
/** Who calls by a link, for bounds on what callers may use: no name of a token. */
export const LINK_CALLER = 'a link';

const RANKS: Readonly<Record<Role | 'open', number>> = { open: 0, viewer: 1, operator: 2, admin: 3 };

/**
 * A token says who calls, and where none is sent the certificate. A wrong token is never made up for by a certificate. Without either list
 * everybody is `anonymous` and an operator, for it is not known who calls.
 */
export function identify({ tokens, certificates }: Credentials, { authorization, socket }: ShownCredentials): Caller {
  if (!tokens.required && certificates?.required !== true) return { kind: 'known', author: ANONYMOUS, role: 'operator', by: 'nothing' };
  if (authorization === undefined) return byCertificate(certificates?.find(socket));
  // RFC 6750, section 2.1, and any other printable character.
  const secret = /^Bearer +([\x21-\x7e]{1,4096})$/i.exec(authorization)?.[1];
  const token = secret === undefined ? undefined : tokens.find(secret);
  if (token === undefined) return { kind: 'unknown', isMissing: false, roleless: undefined };
  return { kind: 'known', author: token.name, role: token.role, by: 'token' };
}

function byCertificate(found: CertificateRoleConfig | string | undefined): Caller {
  if (found === undefined || typeof found === 'string') return { kind: 'unknown', isMissing: true, roleless: found };
  return { kind: 'known', author: found.name, role: found.role, by: 'certificate' };
}

export function mayDo(role: Role, access: Role | 'open'): boolean {
  return RANKS[role] >= RANKS[access];
}
