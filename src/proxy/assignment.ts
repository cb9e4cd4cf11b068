// For which side of a rollout chance drew a request, and what has been counted of it. Plain fields; `steps/count-evidence.ts` changes them.

import { BASELINE } from '../telemetry/evidence-layout.ts';
import type { Arm } from '../telemetry/evidence-layout.ts';
import type { SlowBounds } from '../telemetry/evidence-signals.ts';
import { NO_USER } from '../telemetry/evidence-users.ts';
import type { EvidenceWriter } from '../telemetry/evidence-writer.ts';

export class Assignment {
  /** Undefined where the exchange is no evidence, or no more: another version than the drawn one responds, or it has ended. */
  writer: EvidenceWriter | undefined = undefined;
  arm: Arm = BASELINE;
  row = 0;
  user = NO_USER;
  /** Of the moment at which it was drawn. */
  bounds: SlowBounds | undefined = undefined;
  /** Where the size of its body counts, see `body-sizes.ts`, and below which it was much smaller than usual at that moment. */
  sizeGroup = 0;
  smallBytes = 0;
  /** A bit for each cell that it has counted in. */
  counted = 0;
  /** The head of its response has come. */
  responded = false;
}

/** Back to the first values, for another exchange. */
export function resetAssignment(assignment: Assignment): void {
  assignment.writer = undefined;
  assignment.arm = BASELINE;
  assignment.row = 0;
  assignment.user = NO_USER;
  assignment.bounds = undefined;
  assignment.sizeGroup = 0;
  assignment.smallBytes = 0;
  assignment.counted = 0;
  assignment.responded = false;
}
