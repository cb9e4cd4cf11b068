// Trailers (RFC 9113, section 8.1), which a second block of fields holds: they end the stream.

import type { DecodedFields } from './decoded-fields.ts';

/**
 * Why these decoded fields, which began with TRAILER_RULES, are refused; empty: they are not, and `fields.block` holds them.
 * @param ends the stream ends with them
 */
export function judgeTrailers(fields: DecodedFields, ends: boolean): string {
  if (!ends) return 'second head';
  return fields.tooLarge ? 'trailers too large' : fields.fault;
}
