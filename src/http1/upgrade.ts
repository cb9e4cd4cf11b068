// The Upgrade field (RFC 9110, section 7.8) and the handshake of WebSocket (RFC 6455, section 4): which changes of protocol are passed on,
// and whether a 101 is the response to what was asked. It changes nothing, and it knows no socket.

import { createHash } from 'node:crypto';
import { BODY_NONE } from '../http/body-kind.ts';
import { findAll, findField, withoutFields } from '../http/header-block.ts';
import { fieldLine } from '../http/header-changes.ts';
import type { IncomingRequest } from '../http/request.ts';
import type { IncomingResponse } from '../http/response.ts';
import { newKey } from '../lib/random.ts';
import { trimSpaces } from './connection-options.ts';
import type { RequestHead } from './request-head.ts';

export const WEBSOCKET = 'websocket';

const PROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/;
const MAX_PROTOCOLS = 4;
/** Other ways to carry HTTP, and TLS: what a connection speaks to its neighbour is never for the one behind it to say. */
const OF_NEIGHBOURS = /^(?:h2c?|http|tls)(?:\/|$)/;
/** 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * The protocols of an Upgrade field that are passed on, as a list in lower case; empty: none, and the request is one like any other.
 * That is so with a body, in HTTP/1.0, and where the handshake of WebSocket is not whole.
 */
export function offeredProtocols(head: RequestHead, value: string): string {
  if (head.minor === 0 || head.body !== BODY_NONE || head.expectsContinue) return '';
  const names = value.split(',', MAX_PROTOCOLS + 1).map((name) => trimSpaces(name).toLowerCase());
  if (names.length > MAX_PROTOCOLS || !names.every((name) => PROTOCOL.test(name))) return '';
  const isWhole = isWebSocketRequest(head);
  return names.filter((name) => !OF_NEIGHBOURS.test(name) && (name !== WEBSOCKET || isWhole)).join(', ');
}

/** Why a 101 is not the response to the request; empty: it is. */
export function judgeSwitch(request: IncomingRequest, response: IncomingResponse): string {
  if (request.upgrade === '') return 'switch of protocols that nobody asked for';
  const protocol = response.upgrade.toLowerCase();
  if (protocol === '') return 'switch of protocols that names none';
  if (!request.upgrade.split(', ').includes(protocol)) return 'switch to a protocol that nobody asked for';
  if (protocol !== WEBSOCKET) return '';
  const accepts = findAll(response.block, 'sec-websocket-accept');
  const isRight = accepts.length === 1 && accepts[0] === acceptOf(findField(request.block, 'sec-websocket-key') ?? '');
  return isRight ? '' : 'sec-websocket-accept does not fit the key of the request';
}

const KEY_ONLY: ReadonlySet<string> = new Set(['sec-websocket-key']);

/** Of a request of HTTP/2, which needs none (RFC 8441, section 5.1): the key that a server of HTTP/1 asks for. */
export function giveKey(request: IncomingRequest): void {
  request.block =
    withoutFields(request.block, KEY_ONLY) + fieldLine('sec-websocket-key', Buffer.from(newKey(), 'base64url').toString('base64'));
}

/** What a server makes of a key, to show that it speaks WebSocket. */
export function acceptOf(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}

function isWebSocketRequest({ method, block }: RequestHead): boolean {
  const keys = findAll(block, 'sec-websocket-key');
  const versions = findAll(block, 'sec-websocket-version');
  return method === 'GET' && keys.length === 1 && KEY.test(keys[0]!) && versions.length === 1 && versions[0] === '13';
}
