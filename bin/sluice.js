#!/usr/bin/env node
// `sluice`, as a package installs it. Says which Node it needs before anything is loaded that an older one cannot read; so it is as plain as can be.

import { existsSync } from 'node:fs';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
// What `engines` says is patched; these run it.
if (major < 24 || major === 25 || (major === 26 && minor < 5)) {
  process.stderr.write(
    `sluice needs Node 24, or 26.5 and newer, and this is ${process.version} (${process.execPath}): https://nodejs.org has newer ones\n`,
  );
  process.exit(1);
}

// In a clone the sources run, whatever was packed from them before.
const sources = new URL('../src/app/main.js', import.meta.url);
await import(existsSync(sources) ? sources.href : new URL('../dist/app/main.js', import.meta.url).href);
