// The rarer forms of a request target (RFC 9112, section 3.2): `*` and absolute-form. That of CONNECT is read with its head.
// Nothing is decoded or normalised beyond taking scheme and authority off: what is forwarded is the very text that routing matched.

import { isAuthority, withoutEmptyPort } from '../http/authority.ts';
import { REFUSE_BAD_REQUEST, type Refusal } from '../http/refusal.ts';

/** A target in origin-form, or `*`, with the authority that now holds. */
export interface ReducedTarget {
  readonly target: string;
  readonly authority: string;
}

const ABSOLUTE = /^(https?):\/\/([^/?]*)/i;

/** Reduces a target that is not a plain path. `host` is the checked Host value, or empty. */
export function reduceTarget(method: string, target: string, host: string): ReducedTarget | Refusal {
  if (target === '*') return method === 'OPTIONS' ? { target, authority: host } : bad('target * without OPTIONS');
  const absolute = ABSOLUTE.exec(target);
  if (absolute === null) return bad('target is neither a path nor an http URI');
  const [start, , written] = absolute as unknown as readonly [string, string, string];
  const authority = withoutEmptyPort(written);
  if (!isAuthority(authority)) return bad('malformed authority in target');
  // RFC 9112, section 3.2.2: what Host says is passed over, and what is sent on says what the target does.
  return { target: originForm(method, target.slice(start.length)), authority };
}

// RFC 9112, section 3.2.4: OPTIONS for a URI without path and query is sent on as `*`.
function originForm(method: string, rest: string): string {
  if (rest === '') return method === 'OPTIONS' ? '*' : '/';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function bad(reason: string): Refusal {
  return { code: REFUSE_BAD_REQUEST, reason };
}
