// A probe that asks for a connection and no more. It sends nothing but the end, behind a PROXY header where the endpoint takes one, and throws
// away what it is sent.

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { after } from '../../lib/clock.ts';
import { writeProxyHeader } from '../../net/write-proxy-header.ts';
import type { Probe } from './probe.ts';

/** How long an endpoint may take to close its side once we have closed ours. */
const LINGER_MS = 1000;

/** Connects to the endpoint, and closes at once. */
export const probeTcp: Probe = ({ address }, _health, onEnd, { proxyProtocol }) => {
  if (address.kind === 'srv') throw new Error('a DNS service is no address to connect to');
  const socket = connect(address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port });
  let over = false;
  socket.once('connect', () => {
    if (over) return;
    over = true;
    if (isOwn(socket)) {
      socket.destroy();
      onEnd('connect', 'nobody listens: the connection led to itself');
    } else {
      leave(socket, proxyProtocol === undefined ? '' : writeProxyHeader(proxyProtocol, undefined));
      onEnd('ok', '');
    }
  });
  socket.on('error', (error) => {
    if (over) return;
    over = true;
    onEnd('connect', error.message);
  });
  return {
    cancel: () => {
      if (over) return;
      over = true;
      socket.destroy();
    },
  };
};

/** Reading what comes makes the end a FIN; unread bytes would make it an RST. */
function leave(socket: Socket, header: string): void {
  socket.end(header, 'latin1').resume().unref();
  const late = after(LINGER_MS, () => socket.destroy(), { unref: true });
  socket.once('close', () => late.stop());
}

/** A port that the kernel lends to connections can, when nobody listens, be connected with itself (RFC 9293, simultaneous open). */
function isOwn({ localPort, remotePort, localAddress, remoteAddress }: Socket): boolean {
  return localPort !== undefined && localPort === remotePort && localAddress === remoteAddress;
}
