// The counters of a worker: thin live objects over its own part of shared memory.
// One writer per cell, so plain additions suffice; nothing here allocates, waits or throws.

import { Cells } from './counter-cells.ts';
import * as at from './counter-layout.ts';
import { latencyBucket } from './latency-buckets.ts';
import { TUNNEL_AGE_BOUNDS_S } from './tunnel-ends.ts';

export class RouteCounters extends Cells {
  /** Counts one response. Anything that is no status (0: none was sent) counts as `other`. */
  responded(status: number): void {
    const cells = this.cells;
    const end = this.first + at.ROUTE_OTHER;
    if (!(status > 0)) {
      cells[end]!++;
      return;
    }
    for (let cell = this.first; cell < end; cell += 2) {
      const known = cells[cell];
      if (known === 0) cells[cell] = status;
      else if (known !== status) continue;
      cells[cell + 1]!++;
      return;
    }
    cells[end]!++;
  }
}

export class VersionCounters extends Cells {
  began(): void {
    this.cells[this.first + at.VERSION_IN_FLIGHT]!++;
  }

  /** @param durationMs of the whole exchange @param firstByteMs until the head of the response; negative where there was none */
  ended(durationMs: number, firstByteMs = -1): void {
    this.leftFlight();
    this.measured(durationMs, firstByteMs);
  }

  /** What was in flight is not any more, and how long it took is not known yet. */
  leftFlight(): void {
    this.cells[this.first + at.VERSION_IN_FLIGHT]!--;
  }

  /** How long it took, with the parameters of `ended`. */
  measured(durationMs: number, firstByteMs: number): void {
    const cells = this.cells;
    const first = this.first;
    cells[first + at.VERSION_DURATION_SUM_MS]! += durationMs;
    let bucket = 0;
    while (bucket < at.DURATION_BOUNDS_MS.length && durationMs > at.DURATION_BOUNDS_MS[bucket]!) bucket++;
    cells[first + at.VERSION_BUCKETS + bucket]!++;
    cells[first + at.VERSION_LATENCY + latencyBucket(durationMs)]!++;
    if (firstByteMs >= 0) cells[first + at.VERSION_FIRST_BYTE + latencyBucket(firstByteMs)]!++;
  }

  /** An exchange that ended was failed, and not by its client. */
  failed(): void {
    this.cells[this.first + at.VERSION_ERRORS]!++;
  }

  /** Another version responds in place of this one. */
  versionFallback(): void {
    this.cells[this.first + at.VERSION_IN_FLIGHT]!--;
    this.cells[this.first + at.VERSION_FALLBACKS]!++;
  }

  /** @param requests that wait for a ready endpoint now */
  held(requests: number): void {
    this.cells[this.first + at.VERSION_HELD] = requests;
  }

  /** @param requests that may be in flight in this worker */
  concurrencyLimited(requests: number): void {
    this.cells[this.first + at.VERSION_CONCURRENCY_LIMIT] = requests;
  }

  panicked(): void {
    this.cells[this.first + at.VERSION_PANIC] = 1;
  }

  calmed(): void {
    this.cells[this.first + at.VERSION_PANIC] = 0;
  }

  /** @param none whether it has no ready endpoint */
  notReady(none: boolean): void {
    this.cells[this.first + at.VERSION_NOT_READY] = none ? 1 : 0;
  }

  /** @param outcome position in `OUTCOMES` */
  attempted(outcome: number): void {
    this.cells[this.first + at.VERSION_ATTEMPTS + outcome]!++;
  }

  /** @param reason position in the retry reasons given to the Exposition */
  retried(reason: number): void {
    this.cells[this.first + at.VERSION_RETRIES + reason]!++;
  }

  /** @param reason position in the choice reasons given to the Exposition */
  chosen(reason: number): void {
    this.cells[this.first + at.VERSION_CHOICES + reason]!++;
  }

  /** One of its endpoints was ejected. */
  ejected(): void {
    this.cells[this.first + at.VERSION_EJECTIONS]!++;
  }

  received(bytes: number): void {
    this.cells[this.first + at.VERSION_BYTES_IN]! += bytes;
  }

  sent(bytes: number): void {
    this.cells[this.first + at.VERSION_BYTES_OUT]! += bytes;
  }

  tunnelOpened(): void {
    this.cells[this.first + at.VERSION_TUNNELS]!++;
  }

  /** @param end position in `TUNNEL_ENDS` */
  tunnelEnded(end: number, ageMs: number): void {
    const cells = this.cells;
    const first = this.first;
    cells[first + at.VERSION_TUNNELS]!--;
    cells[first + at.VERSION_TUNNEL_ENDS + end]!++;
    cells[first + at.VERSION_TUNNEL_AGE_SUM_MS]! += ageMs;
    let bucket = 0;
    while (bucket < TUNNEL_AGE_BOUNDS_S.length && ageMs > TUNNEL_AGE_BOUNDS_S[bucket]! * 1000) bucket++;
    cells[first + at.VERSION_TUNNEL_AGES + bucket]!++;
  }

  eventStreamOpened(): void {
    this.cells[this.first + at.VERSION_EVENT_STREAMS]!++;
  }

  /** @param drained whether because of a drain */
  eventStreamEnded(drained: boolean): void {
    this.cells[this.first + at.VERSION_EVENT_STREAMS]!--;
    if (drained) this.cells[this.first + at.VERSION_EVENT_STREAMS_DRAINED]!++;
  }

  /** From clients, in tunnels. */
  tunnelReceived(bytes: number): void {
    this.cells[this.first + at.VERSION_TUNNEL_BYTES]! += bytes;
  }

  tunnelSent(bytes: number): void {
    this.cells[this.first + at.VERSION_TUNNEL_BYTES + 1]! += bytes;
  }
}

/** Of one endpoint as it is served: of each address that a name resolves to. */
export class EndpointCounters extends Cells {
  began(): void {
    this.cells[this.first + at.ENDPOINT_IN_FLIGHT]!++;
  }

  ended(): void {
    this.cells[this.first + at.ENDPOINT_IN_FLIGHT]!--;
    this.cells[this.first + at.ENDPOINT_ATTEMPTS]!++;
  }

  failed(): void {
    this.cells[this.first + at.ENDPOINT_FAILURES]!++;
  }

  /** It responded with a status of 500 or above. */
  errorResponse(): void {
    this.cells[this.first + at.ENDPOINT_ERROR_RESPONSES]!++;
  }

  /** An attempt that ended counts against it. */
  faulted(): void {
    this.cells[this.first + at.ENDPOINT_FAULTS]!++;
  }

  /** Attempts that ended, and those that counted against it, in all workers; those of others may be a moment old. */
  record(): { readonly attempts: number; readonly faults: number } {
    const everyone = new Float64Array(this.cells.buffer);
    let attempts = 0;
    let faults = 0;
    for (let block = this.first; block < everyone.length; block += this.cells.length) {
      attempts += everyone[block + at.ENDPOINT_ATTEMPTS]!;
      faults += everyone[block + at.ENDPOINT_FAULTS]!;
    }
    return { attempts, faults };
  }

  opened(): void {
    this.cells[this.first + at.ENDPOINT_CONNECTIONS]!++;
  }

  closed(): void {
    this.cells[this.first + at.ENDPOINT_CONNECTIONS]!--;
  }

  /** @param stamp a positive number that tells the other workers of it; a later end is a larger one */
  ejected(stamp: number): void {
    this.cells[this.first + at.ENDPOINT_EJECTIONS]!++;
    this.cells[this.first + at.ENDPOINT_EJECTED] = stamp;
  }

  ejectionEnded(): void {
    this.cells[this.first + at.ENDPOINT_EJECTED] = 0;
  }

  /** The largest stamp of all workers; 0 when none has one. Those of others may be a moment old. */
  ejection(): number {
    const everyone = new Float64Array(this.cells.buffer);
    let stamp = 0;
    for (let cell = this.first + at.ENDPOINT_EJECTED; cell < everyone.length; cell += this.cells.length)
      stamp = Math.max(stamp, everyone[cell]!);
    return stamp;
  }

  /** Whether this worker may pick it; ready to begin with. */
  ready(): void {
    this.cells[this.first + at.ENDPOINT_NOT_READY] = 0;
  }

  notReady(): void {
    this.cells[this.first + at.ENDPOINT_NOT_READY] = 1;
  }

  /** It comes into use, new or again. @param atMs by `processMs` */
  started(atMs: number): void {
    this.cells[this.first + at.ENDPOINT_STARTED] = atMs;
  }

  draining(): void {
    this.cells[this.first + at.ENDPOINT_DRAINING] = 1;
  }

  drainingEnded(): void {
    this.cells[this.first + at.ENDPOINT_DRAINING] = 0;
  }
}

export class WorkerCounters extends Cells {
  /** @param utilization busy share of the period, 0 to 1; @param delayMs longest delay in it */
  looped(utilization: number, delayMs: number): void {
    this.cells[this.first + at.WORKER_LOOP_UTILIZATION] = utilization;
    this.cells[this.first + at.WORKER_LOOP_DELAY_MS] = delayMs;
  }

  memoryUsed(memoryBytes: number): void {
    this.cells[this.first + at.WORKER_MEMORY_BYTES] = memoryBytes;
  }

  internalError(): void {
    this.cells[this.first + at.WORKER_INTERNAL_ERRORS]!++;
  }

  ejectionsChanged(): void {
    this.cells[this.first + at.WORKER_EJECTION_CHANGES]!++;
  }

  /** Of all workers together: when it differs from before, some worker ejected an endpoint or let one return. */
  ejectionChanges(): number {
    const everyone = new Float64Array(this.cells.buffer);
    let changes = 0;
    for (let cell = this.first + at.WORKER_EJECTION_CHANGES; cell < everyone.length; cell += this.cells.length) changes += everyone[cell]!;
    return changes;
  }
}
