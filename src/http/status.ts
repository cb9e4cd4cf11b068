// Status codes: their reason phrases and which of them have no body (RFC 9110, section 15).

import { STATUS_CODES } from 'node:http';

/** For responses that Sluice makes itself. */
export function reasonPhrase(status: number): string {
  return STATUS_CODES[status] ?? 'Status';
}

/** Whether responses with this status never have a body, whatever the method. */
export function isBodyless(status: number): boolean {
  return status === 204 || status === 304 || status < 200;
}
