// The reason phrase of a status, for answers that Sluice makes itself (RFC 9110, section 15).

import { STATUS_CODES } from 'node:http';

export function reasonPhrase(status: number): string {
  return STATUS_CODES[status] ?? 'Status';
}
