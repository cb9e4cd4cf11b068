#!/usr/bin/env node
// The entry. Static imports would be compiled before anything could be said about it, so there is only one. It and what it imports are
// plain JavaScript: what comes before the compile cache would load the type stripper in each run, for 13 MB and a twentieth of a second.
// main.ts is a link to it.

import { keepCompiled } from '../lib/compile-cache.js';

keepCompiled();
await import('./command-line.ts');
