// Fields that belong to one connection (RFC 9110, section 7.6.1): they are never passed on, in either direction. The Connection field may
// name more of them; fields that every recipient needs stay even then.

import { isForwardingField } from './forwarding-fields.ts';

/** Lower case. TE and Transfer-Encoding are written anew where the next connection needs them. */
export const HOP_BY_HOP_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

// Naming one of these in Connection is an attempt to make us strip what the application, or a proxy before us, relies on (who asks,
// from where, how the message is framed); the option is then without effect.
const FOR_EVERY_RECIPIENT: ReadonlySet<string> = new Set(
  (
    'age authorization baggage cache-control cdn-loop content-encoding content-language content-length content-location content-range content-type ' +
    'cookie date etag expect expires host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location ' +
    'max-forwards ' +
    'origin pragma proxy-authenticate proxy-authorization range referer retry-after set-cookie strict-transport-security trailer ' +
    'traceparent tracestate user-agent vary via www-authenticate'
  ).split(' '),
);

/** Whether Connection may take out the field of this name (lower case), which leaves the message for this reason alone. */
export function mayBeHopByHop(name: string): boolean {
  return name !== 'close' && !HOP_BY_HOP_FIELDS.has(name) && !FOR_EVERY_RECIPIENT.has(name) && !isForwardingField(name);
}
