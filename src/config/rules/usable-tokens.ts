// Whether anybody could change anything by the admin API. It is about the machine and not the text alone, so it is a notice of what was read.

import { certificatesMayChange } from '../admin-callers.ts';
import { problemAt } from '../issues.ts';
import type { Merged } from '../merge.ts';
import type { AdminTokenConfig, Config } from '../model.ts';
import type { Problem } from '../problem.ts';
import { faultOfSecret, mayChange, mendSecret } from '../token-secret.ts';

/**
 * One notice for each token that may change something, when none of them can be used; else none.
 * @param secretOf what stands in its variable or file; undefined when nothing does
 */
export function unusableTokens(
  { admin }: Config,
  document: Merged,
  secretOf: (token: AdminTokenConfig) => string | undefined,
): readonly Problem[] {
  if (certificatesMayChange(admin)) return [];
  const notices: Problem[] = [];
  for (const [index, token] of admin.tokens.entries()) {
    if (!mayChange(token)) continue;
    const fault = faultOfSecret(secretOf(token)?.trim());
    if (fault === undefined) return [];
    const message = `as things are here, nobody could change anything by the admin API: ${mendSecret(token, fault)}`;
    notices.push(problemAt(document, ['admin', 'auth', 'tokens', index, token.source.kind], message));
  }
  return notices;
}
