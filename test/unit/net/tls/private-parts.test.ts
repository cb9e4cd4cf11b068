// Each part of node:tls that `net/tls` leans on beyond the documentation: that it is there, and does what it is taken to do. A failure here
// says what a new Node has changed; what secure-by-socket makes serves then, until net/tls is adapted.

import { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { avoidPrivateParts } from '../../../../src/net/private-parts.ts';
import { handleOf, takesHandles } from '../../../../src/net/tls/private-parts.ts';
import { SecureStream } from '../../../../src/net/tls/secure-stream.ts';
import { NamedSide } from '../../../../src/net/tls/server-side.ts';
import { makeAuthority } from '../../../scaffold/certificates.ts';
import { eventually } from '../../../flow/scaffold/eventually.ts';
import { closeAll } from '../../../flow/scaffold/open.ts';
import { ASKING, acceptSecure, authority, dialSecure } from './accept-secure.ts';

afterEach(closeAll);

const prototype = TLSSocket.prototype as unknown as { _wrapHandle: unknown };

/** The modules as a process loads them whose Node has another `_wrapHandle`. */
async function loadWith(wrapHandle: unknown): Promise<{ takes: boolean; side: NamedSide }> {
  const own = prototype._wrapHandle;
  prototype._wrapHandle = wrapHandle;
  vi.resetModules();
  try {
    const parts = await import('../../../../src/net/tls/private-parts.ts');
    const { NamedSide: Side } = await import('../../../../src/net/tls/server-side.ts');
    return { takes: parts.takesHandles(ASKING.context), side: new Side(ASKING) };
  } finally {
    prototype._wrapHandle = own;
    vi.resetModules();
  }
}

describe('TLSSocket._wrapHandle', () => {
  it('is asked for a handle by the constructor, and there is what is used of it', () => {
    expect(takesHandles(ASKING.context)).toBe(true);
    const undo = avoidPrivateParts();
    expect(takesHandles(ASKING.context)).toBe(false);
    undo();
  });

  it('takes the handle of an accepted connection, and what was read of it', async () => {
    const { port, secured } = await acceptSecure(new NamedSide(ASKING));
    const { wire } = await dialSecure(port);
    await wire.write('hello');
    await eventually('the read', () => secured[0]?.owner.text === 'hello');
    expect(secured[0]!.stream).toBeInstanceOf(SecureStream);
    expect(secured[0]!.stream.peer).toBe('127.0.0.1');
  });

  it.each([
    ['is gone', undefined],
    ['is not asked as before', () => ({})],
    [
      'throws',
      () => {
        throw new Error('changed');
      },
    ],
  ])('where it %s, sockets of their own serve', async (_how, changed) => {
    const { takes, side } = await loadWith(changed);
    expect(takes).toBe(false);
    const { port, secured } = await acceptSecure(side);
    const { wire } = await dialSecure(port);
    await wire.write('hello');
    await eventually('the read', () => secured[0]?.owner.text === 'hello');
    expect(secured[0]!.stream).not.toBeInstanceOf(TLSSocket);
    expect(secured[0]!.stream.peer).toBe('127.0.0.1');
    secured[0]!.stream.writeText('bye', 'latin1');
    secured[0]!.stream.end();
    expect(await wire.readRest()).toBe('bye');
  });
});

describe('TLSSocket._handle', () => {
  it('tells why a certificate is not accepted, and nothing where there is none or a good one', async () => {
    const { port, secured } = await acceptSecure(new NamedSide(ASKING));
    const other = await makeAuthority('CN=Other');
    await dialSecure(port);
    await dialSecure(port, { ...(await authority.issue({ names: ['c.test'] })) });
    await dialSecure(port, { ...(await other.issue({ names: ['c.test'] })) });
    await dialSecure(port, { ...(await authority.issue({ names: ['c.test'], days: -1 })) });
    await eventually('all of them', () => secured.length === 4);
    const shown = secured.map(({ stream }) => [stream.certificate?.subjectAltName, stream.certificateFault]);
    expect(shown).toEqual([
      [undefined, undefined],
      ['DNS:c.test', undefined],
      ['DNS:c.test', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      ['DNS:c.test', 'CERT_HAS_EXPIRED'],
    ]);
  });

  it('knows no peer any more when a client that has ended its side resets the connection', async () => {
    const { port, secured } = await acceptSecure(new NamedSide(ASKING));
    const { wire, reset } = await dialSecure(port);
    await eventually('the connection', () => secured.length === 1);
    const { stream, owner } = secured[0]!;
    expect(handleOf(stream as SecureStream)?.getpeername?.({})).toBe(0);
    wire.end();
    await eventually('the end', () => owner.events.includes('end'));
    reset();
    await eventually('no peer', () => handleOf(stream as SecureStream)?.getpeername?.({}) !== 0);
    // Node says nothing of it, not even to a write.
    expect(owner.events).toEqual(['end']);
    stream.writeText('late', 'latin1');
    await eventually('the close', () => owner.events.includes('gone'));
  });
});
