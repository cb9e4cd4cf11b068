// How the admin API knows who calls it: by tokens, by client certificates with roles, or not at all.

import type { AdminConfig } from './model.ts';

/** Whether nobody gets in unknown: enough for an address that other machines reach. */
export function knowsCallers({ tokens, tls }: Pick<AdminConfig, 'tokens' | 'tls'>): boolean {
  return tokens.length > 0 || (tls?.clientAuth?.required === true && tls.clientAuth.roles.length > 0);
}

/** Whether a call must show a token or a certificate: without either list every caller is taken. */
export function asksCallers({ tokens, tls }: Pick<AdminConfig, 'tokens' | 'tls'>): boolean {
  return tokens.length > 0 || (tls?.clientAuth?.roles.length ?? 0) > 0;
}

/** Whether somebody could change something by a certificate. */
export function certificatesMayChange({ tls }: Pick<AdminConfig, 'tls'>): boolean {
  return tls?.clientAuth?.roles.some(({ role }) => role !== 'viewer') === true;
}
