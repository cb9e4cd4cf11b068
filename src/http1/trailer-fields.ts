// The lines of a trailer section behind chunks (RFC 9112, section 7.1.2).

import { isForbiddenTrailer } from '../http/trailer-names.ts';
import { judgeFieldLines } from './field-lines.ts';

/** Why this line with its line feed may not stand in a trailer section; empty when it may. */
export function judgeTrailerLine(line: string): string {
  const fault = judgeFieldLines(line, 0);
  if (fault !== '') return fault;
  return isForbiddenTrailer(line.slice(0, line.indexOf(':')).toLowerCase()) ? 'forbidden trailer field' : '';
}
