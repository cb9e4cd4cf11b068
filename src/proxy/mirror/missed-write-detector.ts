// Notices a write that the primary took, or may have taken, and the shadow did not: two systems that are to hold the same differ by it.

import type { MirrorTable } from '../../routing/table.ts';
import type { MirrorOutcome } from '../../telemetry/mirror-outcomes.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { MissedWrite } from '../../compare/mirrored-exchange.ts';
import type { IncomingResponse } from '../../http/response.ts';
import type { CopiedRequest, CopyRole, PrimaryEnd, Side, ResponseTap } from './response-tap.ts';

export interface MissedWriteDetectorDeps {
  readonly mirror: MirrorTable;
  /** Label of the version that gets the copy. */
  readonly version: string;
  readonly copied: CopiedRequest;
  /** When the request came: wall time in milliseconds. */
  readonly atMs: number;
  readonly onMissed: (write: MissedWrite) => void;
}

/** With these nothing has reached the primary. */
const UNSENT: ReadonlySet<object> = new Set([
  OUTCOME.connect_refused,
  OUTCOME.connect_timeout,
  OUTCOME.connect_tls,
  OUTCOME.no_endpoint,
  OUTCOME.overload,
]);

export class MissedWriteDetector implements ResponseTap {
  readonly wantsSecondary = false;
  readonly #deps: Omit<MissedWriteDetectorDeps, 'copied'>;
  readonly #request: Pick<MissedWrite, 'pool' | 'method' | 'authority' | 'target' | 'requestId'>;
  #primaryStatus = 0;
  #mayHaveTaken: boolean | undefined = undefined;
  #status = 0;
  #outcome: MirrorOutcome | undefined = undefined;

  constructor({ copied, ...deps }: MissedWriteDetectorDeps) {
    const { pool, method, authority, target, requestId } = copied;
    this.#deps = deps;
    this.#request = { pool: pool.name, method, authority, target, requestId };
  }

  onHead(side: Side, head: IncomingResponse): void {
    if (side === 'candidate') this.#status = head.status;
  }

  onBody(): void {}

  onPrimaryEnd({ outcome, status, requestDone }: PrimaryEnd): void {
    this.#primaryStatus = outcome === OUTCOME.ok ? status : 0;
    this.#mayHaveTaken = outcome === OUTCOME.ok ? status < 400 : requestDone && !UNSENT.has(outcome);
    this.#judge();
  }

  onCopyEnd(side: CopyRole, outcome: MirrorOutcome): void {
    if (side !== 'candidate') return;
    this.#outcome = outcome;
    this.#judge();
  }

  #judge(): void {
    const outcome = this.#outcome;
    if (this.#mayHaveTaken !== true || outcome === undefined) return;
    const isResponded = outcome.kind === 'responded';
    if (isResponded && this.#status < 400) return;
    const { mirror, version, atMs, onMissed } = this.#deps;
    onMissed({
      ...this.#request,
      mirror: mirror.name,
      version,
      atMs,
      primaryStatus: this.#primaryStatus,
      outcome: outcome.code,
      status: isResponded ? this.#status : 0,
    });
  }
}
