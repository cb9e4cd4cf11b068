#!/usr/bin/env node
// The entry. Static imports would be compiled before anything could be said about it, so there are few. It and what it imports are
// plain JavaScript: what comes before the compile cache would load the type stripper in each run, for 13 MB and a twentieth of a second.
// main.ts is a link to it.

import { hearSignals } from './signals.js';
import { keepCompiled } from '../lib/compile-cache.js';

// A name like that among the arguments of another command does no harm.
const words = process.argv.slice(2);
if (words.includes('run') || words.includes('demo')) hearSignals();
keepCompiled();
await import('./command-line.ts');
