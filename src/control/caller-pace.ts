// The turns of work that is done for a caller, and paid for by it.

import { Pace } from '../lib/pace.ts';
import type { CpuAccount } from './control-api.ts';

export function paceOf(account: CpuAccount | undefined): Pace {
  return new Pace(account && ((ms) => account.charge(ms)));
}
