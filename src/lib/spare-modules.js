// Leaves out modules of libraries that nobody here uses and that would be loaded all the same: zod brings its messages in sixty languages,
// which cost each process and command 1.5 MB and a twentieth of a second. Plain JavaScript, for it comes before all else is loaded.

import { registerHooks } from 'node:module';

const UNUSED = '/zod/v4/locales/index.js';

/**
 * Where a library changes, its modules are loaded as ever.
 * @returns {void}
 */
export function spareModules() {
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      return found.url.endsWith(UNUSED) ? { ...found, url: 'data:text/javascript,', format: 'module' } : found;
    },
  });
}
