// Makes JavaScript of the sources: few files in place of nine hundred, without types, which any Node runs from any folder.

import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

export const root = fileURLToPath(new URL('../', import.meta.url));

/** What starts by itself: the command line, and each kind of thread. */
const ENTRIES = {
  main: 'src/app/main.js',
  'worker-thread': 'src/threads/worker-thread.ts',
  'reading-thread': 'src/threads/reading-thread.ts',
  'comparison-thread': 'src/threads/comparison-thread.ts',
};

/** All files of a bundle lie beside each other. */
const THREAD = /new URL\('\.\/(\w+-thread)\.ts', import\.meta\.url\)/g;
const PACKAGE = /^[^./]/;

export interface BundleOptions {
  /** Two folders below that of package.json, as `src/app` is: the program finds its other files from where it is. */
  readonly folder: string;
  /** Whether the libraries are part of it; else they are to be installed beside it. */
  readonly withLibraries: boolean;
  readonly sourceMaps: boolean;
}

export async function bundle({ folder, withLibraries, sourceMaps }: BundleOptions): Promise<void> {
  const made = await rolldown({
    cwd: root,
    platform: 'node',
    input: ENTRIES,
    external: withLibraries ? [] : PACKAGE,
    plugins: [{ name: 'threads', transform: renameThreads }],
  });
  const names = { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' };
  await made.write({ dir: folder, format: 'esm', sourcemap: sourceMaps, ...names });
  await made.close();
}

/** As long as before, so that source maps hold. Undefined: it starts none. */
function renameThreads(code: string): { readonly code: string; readonly map: null } | undefined {
  const renamed = code.replace(THREAD, "new URL('./$1.js', import.meta.url)");
  return renamed === code ? undefined : { code: renamed, map: null };
}
