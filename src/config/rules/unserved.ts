// Parts of the grammar that this release does not serve. Where serving without them would be wrong it is a Problem; else a notice.

import type { Config } from '../model.ts';
import type { Review } from './review.ts';

const LATER = 'is not served by this release';

export function listenersAreServed(config: Config, review: Review): void {
  for (const [index, { protocols }] of config.listeners.entries()) {
    const path = ['listeners', index];
    if (!protocols.includes('http2')) continue;
    if (protocols.includes('http1')) review.notice([...path, 'protocols'], `http2 ${LATER}: only http1 is`, 'key');
    else review.problem([...path, 'protocols'], `http2 ${LATER}: use [http1]`, 'key');
  }
}
