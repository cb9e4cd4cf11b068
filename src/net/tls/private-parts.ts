// What TLS leans on in node:tls beyond its documentation, in one place. Where a Node lacks it, its own class around a socket serves instead
// (secure-by-socket): slower, and without certificates of clients. test/unit/net/tls says which part a new Node has changed.

import { TLSSocket } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { readsByCallback } from '../private-parts.ts';

/** The part of the handle of a TLS connection that is used. */
export interface TlsHandle {
  /** Takes bytes that were read of the connection before it was one. */
  receive(bytes: Buffer): void;
  verifyError(): (Error & { code?: string }) | null | undefined;
  /** Undefined on a Unix socket. Zero: the connection is there. */
  getpeername?(into: object): number | undefined;
}

/** @param wrap the socket below, undefined or null for none. @param handle of the connection */
type WrapHandle = (this: TLSSocket, wrap: unknown, handle: object | undefined, ...rest: unknown[]) => object;

/** Called by the constructor of a TLSSocket: makes its handle around that of the connection. */
export const wrapHandle = (TLSSocket.prototype as unknown as { _wrapHandle?: WrapHandle })._wrapHandle as WrapHandle;

/** Undefined once the socket is destroyed. */
export function handleOf(socket: TLSSocket): TlsHandle | undefined {
  return (socket as unknown as { _handle: TlsHandle | null })._handle ?? undefined;
}

let asExpected: boolean | undefined;

/** Whether a TLSSocket can be made of the handle of an accepted connection. @param context any */
export function takesHandles(context: SecureContext): boolean {
  return readsByCallback() && (asExpected ??= tryOne(context));
}

function tryOne(secureContext: SecureContext): boolean {
  if (typeof wrapHandle !== 'function') return false;
  let asked: unknown = 'nobody';
  class Trial extends TLSSocket {
    _wrapHandle(wrap: unknown, handle: object | undefined, ...rest: unknown[]): object {
      asked = handle;
      return wrapHandle.call(this, wrap, handle, ...rest);
    }
  }
  try {
    const trial = new Trial(undefined as never, { isServer: true, secureContext });
    const handle = handleOf(trial);
    trial.destroy();
    return asked === undefined && typeof handle?.receive === 'function' && typeof handle.verifyError === 'function';
  } catch {
    return false;
  }
}
