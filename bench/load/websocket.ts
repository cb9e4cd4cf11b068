// WebSocket as the bench speaks it: one key, and one message of 64 bytes that is sent and comes back. Its bytes never differ, so that neither the
// generator nor the upstream need look at them.

import { BROWSER_HEADERS } from './request.ts';

const MESSAGE = 'x'.repeat(64);
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

export const SOCKET_PATH = '/socket';

/** A frame of the client is masked, one of the server is not. */
export const CLIENT_FRAME = Buffer.concat([
  Buffer.from([0x81, 0x80 | MESSAGE.length]),
  MASK,
  Buffer.from(MESSAGE).map((byte, at) => byte ^ MASK[at % MASK.length]!),
]);
export const SERVER_FRAME = Buffer.concat([Buffer.from([0x81, MESSAGE.length]), Buffer.from(MESSAGE)]);

/** The client's side of the handshake, with the head of a browser. */
export function handshake(port: number): string {
  const fields = {
    Host: `127.0.0.1:${port}`,
    ...BROWSER_HEADERS,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': KEY,
    'Sec-WebSocket-Version': '13',
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${SOCKET_PATH} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

export const SWITCH = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`;
