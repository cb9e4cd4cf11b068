// Which fields may stand after a chunked body (RFC 9110, section 6.5.1). A trailer that could change how the message is framed, routed,
// authorised or understood is an attack on a recipient that merges trailers into the head.

import { isForwardingField } from '../http/forwarding-fields.ts';
import { judgeFieldLines } from './field-lines.ts';

const FORBIDDEN = new Set(
  (
    'age authorization cache-control cdn-loop connection content-encoding content-length content-range content-type cookie date expect expires ' +
    'host if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive location max-forwards origin pragma ' +
    'proxy-authenticate proxy-authorization proxy-connection range retry-after set-cookie te trailer transfer-encoding upgrade vary via ' +
    'warning www-authenticate x-sluice-outcome'
  ).split(' '),
);

/** Why this line with its line feed may not stand in a trailer section; empty when it may. */
export function judgeTrailerLine(line: string): string {
  const fault = judgeFieldLines(line, 0);
  if (fault !== '') return fault;
  const name = line.slice(0, line.indexOf(':')).toLowerCase().replaceAll('_', '-');
  return FORBIDDEN.has(name) || isForwardingField(name) ? 'forbidden trailer field' : '';
}
