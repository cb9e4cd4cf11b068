// What a config file says without what the API changed over it.

import { decodeRead } from '../../config/decode.ts';
import type { FileRead } from '../../config/decode.ts';
import { describeConfig } from '../../config/print.ts';
import type { Plain } from '../../lib/plain.ts';

const known = new WeakMap<FileRead, Plain | undefined>();

/** What the file says without the API, as `describeConfig` returns it; worked out once for each file, when it is first asked for. */
export function fileAlone(read: FileRead): Plain | undefined {
  if (!known.has(read)) {
    const { config } = decodeRead(read);
    known.set(read, config && describeConfig(config));
  }
  return known.get(read);
}
