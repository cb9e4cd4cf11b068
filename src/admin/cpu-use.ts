// What each request costs the control thread, for the budget of its caller: reading its body, carrying it out, writing its response. What
// happens while it waits is not its own.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { CpuAccount } from '../control/control-api.ts';
import { threadCpuMs } from '../lib/clock.ts';

export interface CpuMeter {
  readonly charge: Charge;
  /** Until its caller may use more. */
  readonly waitSeconds: (request: FastifyRequest) => number;
}

export type Charge = (request: FastifyRequest, ms: number) => void;

declare module 'fastify' {
  interface FastifyRequest {
    /** CPU of the thread when its response began to be written; 0 = not yet. */
    writtenFromMs: number;
    /** Of its caller, for what is done for it elsewhere. */
    readonly account: CpuAccount;
  }
}

/** Every route that is added to `app` from now on is measured. */
export function measureCpu(app: FastifyInstance, { charge, waitSeconds }: CpuMeter): void {
  app.decorateRequest('writtenFromMs', 0);
  app.decorateRequest('account', {
    getter() {
      return { charge: (ms) => charge(this, ms), waitSeconds: () => waitSeconds(this) };
    },
  });
  app.addHook('onRoute', (route) => {
    const { handler } = route;
    route.handler = function (request, reply) {
      return measured(charge, request, () => handler.call(this, request, reply));
    };
  });
  app.addHook('preSerialization', (request, _reply, payload, done) => {
    request.writtenFromMs = threadCpuMs();
    done(null, payload);
  });
  app.addHook('onSend', (request, _reply, payload, done) => {
    if (request.writtenFromMs > 0) charge(request, threadCpuMs() - request.writtenFromMs);
    request.writtenFromMs = 0;
    done(null, payload);
  });
}

export function measured<T>(charge: Charge, request: FastifyRequest, work: () => T): T {
  const before = threadCpuMs();
  try {
    return work();
  } finally {
    charge(request, threadCpuMs() - before);
  }
}
