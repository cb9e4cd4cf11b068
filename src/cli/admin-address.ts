// Where the admin API is, as people write it: `http://host:port`, `https://host:port`, `host:port` or `unix:/path`.

import { formatAddress, parseEndpointAddress } from '../config/address.ts';
import { EXIT, Failure } from './failure.ts';

export const DEFAULT_ADMIN = 'http://127.0.0.1:9901';

export interface AdminAddress {
  /** `http://127.0.0.1:9901`; on a Unix socket `http://localhost`. */
  readonly origin: string;
  /** Of a Unix socket; undefined for TCP. */
  readonly socketPath: string | undefined;
  /** As it is shown to people; `--admin` takes it back. */
  readonly text: string;
}

const URL_FORM = /^(https?):\/\/([^/?#@\s]+)\/?$/i;
const FORM = 'it must look like http://127.0.0.1:9901, https://sluice.internal:9901, 127.0.0.1:9901 or unix:/run/sluice.sock';

/** Ends the command when the text is no address; a URL may have no path. */
export function parseAdminAddress(text: string): AdminAddress {
  const url = URL_FORM.exec(text);
  const scheme = url?.[1]?.toLowerCase() ?? 'http';
  const place = url?.[2] ?? text;
  const address = parseEndpointAddress(url === null || /:[0-9]+$/.test(place) ? place : `${place}:${scheme === 'https' ? 443 : 80}`);
  if ('fault' in address || address.kind === 'srv' || (address.kind === 'unix' && url !== null)) {
    throw new Failure(EXIT.usage, `${JSON.stringify(text)} is no address of an admin API: ${FORM}`);
  }
  if (address.kind === 'unix') return { origin: 'http://localhost', socketPath: address.path, text: `unix:${address.path}` };
  const origin = `${scheme}://${formatAddress(address)}`;
  return { origin, socketPath: undefined, text: origin };
}
