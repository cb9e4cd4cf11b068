// Keeps shared caches from storing a response (RFC 9111, section 3): for responses that carry something of one user.

import { joinField, withoutFields } from './header-block.ts';

/** What caches store although nothing says that they may (RFC 9110, section 15.1). */
const CACHEABLE: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]);
const NAMES: ReadonlySet<string> = new Set(['cache-control']);

/** The fields with `cache-control: private` where a shared cache might store the response. @param status 0: none that is stored unasked */
export function withoutSharing(block: string, status: number): string {
  const written = joinField(block, 'cache-control');
  if (written === undefined) {
    const mayStore = CACHEABLE.has(status) || joinField(block, 'expires') !== undefined;
    return mayStore ? `${block}cache-control: private\r\n` : block;
  }
  const directives = written.split(',').map((directive) => directive.trim());
  const names = directives.map((directive) => directive.split('=', 1)[0]?.trim().toLowerCase() ?? '');
  // `private="x-a"` forbids to store that field alone.
  if (names.includes('no-store') || directives.some((directive) => directive.toLowerCase() === 'private')) return block;
  const kept = directives.filter((_, index) => !SHARED.has(names[index] ?? ''));
  return `${withoutFields(block, NAMES)}cache-control: ${[...kept, 'private'].join(', ')}\r\n`;
}

/** They contradict `private`. */
const SHARED: ReadonlySet<string> = new Set(['public', 's-maxage', 'proxy-revalidate', '']);
