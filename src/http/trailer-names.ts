// Which fields may stand behind a body (RFC 9110, section 6.5.1). A trailer that could change how the message is framed, routed,
// authorised or understood is an attack on a recipient that merges trailers into the head.

import { isForwardingField } from './forwarding-fields.ts';

const FORBIDDEN = new Set(
  (
    'age authorization cache-control cdn-loop connection content-encoding content-length content-range content-type cookie date expect expires ' +
    'host if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive location max-forwards origin pragma ' +
    'proxy-authenticate proxy-authorization proxy-connection range retry-after set-cookie te trailer transfer-encoding upgrade vary via ' +
    'warning www-authenticate x-sluice-outcome'
  ).split(' '),
);

/** Whether a field of this name (lower case) may not be a trailer. */
export function isForbiddenTrailer(name: string): boolean {
  const plain = name.replaceAll('_', '-');
  return FORBIDDEN.has(plain) || isForwardingField(plain);
}
