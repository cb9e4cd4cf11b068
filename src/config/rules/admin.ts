// Callers that reach the admin API must be known to it.

import { formatAddress, isLoopback } from '../address.ts';
import type { Config } from '../model.ts';
import type { Review } from './review.ts';

export function adminNeedsAuth({ admin }: Config, review: Review): void {
  if (isLoopback(admin.address) || admin.tokens.length > 0) return;
  const shown = formatAddress(admin.address);
  review.problem(['admin', 'address'], `${shown} can be reached from other machines: add auth with tokens, or use a loopback address`);
}
