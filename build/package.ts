// What `npm pack` runs first: the JavaScript that the package ships, with source maps, in dist/app.

import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, root } from './bundle.ts';

const folder = join(root, 'dist/app');

rmSync(join(root, 'dist'), { recursive: true, force: true });
await bundle({ folder, withLibraries: false, sourceMaps: true });
// The sources are not shipped: a map without them says the place, and is a third as large.
for (const name of readdirSync(folder).filter((each) => each.endsWith('.map'))) {
  const map = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { sourcesContent?: unknown };
  delete map.sourcesContent;
  writeFileSync(join(folder, name), JSON.stringify(map));
}
