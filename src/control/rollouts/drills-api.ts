// What operators may ask of drills, without HTTP.

import type { Drill } from '../../api/drills.ts';

export interface DrillRequest {
  readonly pool: string;
  /** Undefined: a version without weight. */
  readonly to: string | undefined;
  /** Of the canary; 0 = it gets copies alone. */
  readonly share: number;
  readonly forMs: number;
  readonly author: string;
  readonly reason: string;
  /** Changes nothing and says what would be done. */
  readonly dryRun: boolean;
}

export type DrillOutcome =
  { readonly result: 'done'; readonly drill: Drill } | { readonly result: 'unknown' | 'conflict' | 'failed'; readonly message: string };

export interface DrillsApi {
  /** Resolves when it is over and everything is put back, or after 5 s, while it goes on. */
  drill(request: DrillRequest): Promise<DrillOutcome>;
  /** The one of the pool that runs, else the last one. */
  lastDrill(pool: string): Drill | undefined;
}
