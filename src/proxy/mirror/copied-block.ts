// The header block of a copy: what the primary got, with a mark, and with the changes that a mirror wants of it.

import { withoutFields } from '../../http/header-block.ts';
import { applyHeaderChanges } from '../../http/header-changes.ts';
import type { CompiledHeaderChanges } from '../../http/header-changes.ts';
import type { OutgoingRequest } from '../../http/request.ts';

/** Nobody waits for a shadow's 100. */
const EXPECT: ReadonlySet<string> = new Set(['expect']);

/** @param mark field lines */
export function copiedBlock(request: OutgoingRequest, mark: string, changes: CompiledHeaderChanges | undefined): string {
  const block = request.expectsContinue ? withoutFields(request.block, EXPECT) : request.block;
  return mark + (changes === undefined ? block : applyHeaderChanges(block, changes));
}
