// A response that cannot be passed on says why to operators: in the exchange, and now and then in the log. Clients hear the outcome alone.

import { BODY_CHUNKED } from '../../http/body-kind.ts';
import type { UpstreamStream } from '../../upstream/protocol/upstream-stream.ts';
import type { ExchangeControl } from '../exchange-control.ts';
import type { ExchangeState } from '../exchange-state.ts';
import type { Versioned, VersionedControl } from '../versioned.ts';

/** The response on `connection`, which is closed already, is malformed or beyond a limit. */
export function noteMalformed({ state, context }: ExchangeControl, connection: UpstreamStream): void {
  state.detail = describeFault(state, connection);
  const { version, endpoint } = state.attempt;
  const silent = context.malformed.take(context.deadlines.refresh());
  if (silent < 0) return;
  const fields = { pool: state.destination!.pool.name, version: version!.name, endpoint: endpoint!.key, reason: state.detail };
  context.log.warn(silent === 0 ? fields : { ...fields, more: silent }, 'malformed response');
}

interface Noted extends VersionedControl {
  readonly state: Versioned & { detail: string };
}

/** No connection over TLS could be made. @param fault why */
export function noteUntrusted({ state, context }: Noted, fault: string): void {
  state.detail = fault;
  const silent = context.untrusted.take(context.deadlines.refresh());
  if (silent < 0) return;
  const { version, endpoint } = state.attempt;
  const fields = { pool: state.destination!.pool.name, version: version!.name, endpoint: endpoint!.key, reason: fault };
  context.log.warn(silent === 0 ? fields : { ...fields, more: silent }, 'no secure connection to an endpoint');
}

/** What is wrong, the limit that it breaks, and where. */
function describeFault({ attempt }: ExchangeState, { head, scanner }: UpstreamStream): string {
  if (head.refusal === '') {
    const after = head.body === BODY_CHUNKED ? `, after ${scanner.bodyBytes} bytes of data` : '';
    return `${scanner.refusal}, in the body of the response${after}`;
  }
  const { headerBytes, headerCount } = attempt.version!.settings.responseLimits;
  const place = head.status >= 100 && head.status < 200 ? 'in an interim response' : 'in the head of the response';
  if (head.refusal === 'header too large') return `header too large, above limits.headerBytes ${headerBytes}, ${place}`;
  if (head.refusal === 'too many fields') return `too many fields, above limits.headerCount ${headerCount}, ${place}`;
  return `${head.refusal}, ${place}`;
}
