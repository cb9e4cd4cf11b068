// A listening socket whose connections become TLS streams, as the openings of a listener make them.

import { connect as connectPlain } from 'node:net';
import { connect, createSecureContext } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { ListeningSocket } from '../../../../src/net/listening-socket.ts';
import type { SecureByteStream } from '../../../../src/net/tls/secure-byte-stream.ts';
import type { SecureOptions } from '../../../../src/net/tls/secure-options.ts';
import type { ServerSide } from '../../../../src/net/accepted.ts';
import { Wire } from '../../../flow/scaffold/wire.ts';
import { open } from '../../../flow/scaffold/open.ts';
import { makeAuthority } from '../../../scaffold/certificates.ts';
import { Recorder } from '../recorder.ts';

export const authority = await makeAuthority();
const pair = await authority.issue({ names: ['a.test'] });

/** What connections are made with that ask for a certificate and can do without. */
export const ASKING: SecureOptions = {
  context: createSecureContext({ ...pair, ca: authority.pem }),
  protocols: ['http/1.1'],
  asksCertificate: true,
  needsCertificate: false,
};

export interface Secured {
  readonly stream: SecureByteStream;
  readonly owner: Recorder;
}

export interface SecureServer {
  readonly port: number;
  readonly secured: Secured[];
  /** Why handshakes have failed. */
  readonly failed: string[];
}

export async function acceptSecure(side: ServerSide): Promise<SecureServer> {
  const secured: Secured[] = [];
  const failed: string[] = [];
  const listening = new ListeningSocket({
    onAccepted: (accepted) => {
      const onSecure = (stream: SecureByteStream): void => {
        const owner = new Recorder();
        stream.owner = owner;
        secured.push({ stream, owner });
      };
      const handshake = { onSecure, onHandshakeFailed: (reason: string) => void failed.push(reason) };
      accepted.peek({ onFirstBytes: (bytes) => void accepted.secure(side, bytes, handshake), onFirstGone: () => undefined });
    },
    onAcceptFailed: () => undefined,
    onListenFailed: () => undefined,
  });
  const port = await listening.open({ host: '127.0.0.1', port: 0, reusePort: false });
  listening.start();
  open({
    close: () => {
      for (const { stream } of secured) stream.destroy();
      return Promise.resolve(listening.close());
    },
  });
  return { port, secured, failed };
}

/** A client that has finished its handshake, and whose socket below TLS the test may reset. */
export async function dialSecure(
  port: number,
  options: ConnectionOptions = {},
): Promise<{ wire: Wire; socket: TLSSocket; reset: () => void }> {
  const below = connectPlain({ host: '127.0.0.1', port, allowHalfOpen: true });
  const socket = connect({ socket: below, servername: 'a.test', ca: authority.pem, ...options });
  const wire = open(new Wire(socket));
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  return { wire, socket, reset: () => void below.resetAndDestroy() };
}
