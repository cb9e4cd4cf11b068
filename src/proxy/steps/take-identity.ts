// Who the client is by its certificate: what a request says of it itself counts only where a trusted proxy says it, and what we know is put in
// its place before routing looks. And whether a connection may carry the request at all, which was opened for a name.

import { CLIENT_CERT_FIELD } from '../../http/forwarding-fields.ts';
import { findAll, withoutFields } from '../../http/header-block.ts';
import type { Security } from '../downstream/security.ts';
import type { ExchangeState } from '../exchange-state.ts';
import { isTrusted } from '../forwarding-fields.ts';

const CLIENT_CERT: ReadonlySet<string> = new Set([CLIENT_CERT_FIELD]);

/** Call it where the block holds forwarding fields, or the client has shown a certificate. */
export function takeIdentity(state: ExchangeState): void {
  const { head, downstream } = state;
  const own = downstream!.security?.clientCert ?? '';
  const said = head.forwardedOther ? findAll(head.block, CLIENT_CERT_FIELD) : [];
  if (said.length > 0) head.block = withoutFields(head.block, CLIENT_CERT);
  const believed = said.length > 0 && isTrusted(state) ? said.filter((each) => each !== '') : [];
  const value = (own === '' ? believed : [...believed, own]).join(',');
  head.clientCert = value;
  if (value === '') return;
  head.block += CLIENT_CERT_FIELD + ': ' + value + '\r\n';
  head.forwardedOther = true;
}

/** Whether its host is served by other certificates than the name that its connection was opened for (RFC 9110, section 7.4). */
export function isMisdirected(state: ExchangeState, security: Security): boolean {
  const { authority } = state.head;
  if (authority === security.checkedAuthority || security.serverName === '') return false;
  const { tls } = state.downstream!.owner.settings;
  const host = hostOf(authority);
  if (host !== security.serverName && tls?.serveAlike(security.serverName, host) === false) return true;
  security.checkedAuthority = authority;
  return false;
}

function hostOf(authority: string): string {
  const colon = authority.lastIndexOf(':');
  const host = (colon > authority.lastIndexOf(']') ? authority.slice(0, colon) : authority).toLowerCase();
  return host.endsWith('.') ? host.slice(0, -1) : host;
}
