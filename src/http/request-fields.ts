// What the known fields of a request say, taken into its neutral form alike for every HTTP version.

import type { FieldValues } from './field-values.ts';
import { withoutFields } from './header-block.ts';
import {
  FIELD_CDN_LOOP,
  FIELD_FORWARDED,
  FIELD_FORWARDED_FOR,
  FIELD_FORWARDED_HOST,
  FIELD_FORWARDED_OTHER,
  FIELD_FORWARDED_PROTO,
  FIELD_MAX_FORWARDS,
  FIELD_REQUEST_ID,
  FIELD_VIA,
} from './known-fields.ts';
import type { IncomingRequest } from './request.ts';

const MAX_FORWARDS = /^[0-9]{1,9}$/;
const MAX_FORWARDS_ONLY: ReadonlySet<string> = new Set(['max-forwards']);

/** What proxies before us say. */
export function takeForwardingFields(values: FieldValues, head: IncomingRequest): void {
  head.forwardedFor = values.value(FIELD_FORWARDED_FOR);
  head.forwardedProto = values.value(FIELD_FORWARDED_PROTO);
  head.forwardedHost = values.value(FIELD_FORWARDED_HOST);
  head.via = values.value(FIELD_VIA);
  head.requestId = values.value(FIELD_REQUEST_ID);
  head.forwarded = values.value(FIELD_FORWARDED);
  head.cdnLoop = values.value(FIELD_CDN_LOOP);
  head.forwardedOther = values.has(FIELD_FORWARDED_OTHER);
}

/**
 * RFC 9110, section 7.6.2: it counts for OPTIONS and TRACE alone. For these it leaves the block, and is written anew. False: it is no number.
 * The method and the block of the head are there.
 */
export function takeMaxForwards(values: FieldValues, head: IncomingRequest): boolean {
  if (!values.has(FIELD_MAX_FORWARDS) || (head.method !== 'OPTIONS' && head.method !== 'TRACE')) return true;
  const value = values.value(FIELD_MAX_FORWARDS);
  if (!MAX_FORWARDS.test(value)) return false;
  head.maxForwards = Number(value);
  head.block = withoutFields(head.block, MAX_FORWARDS_ONLY);
  return true;
}
