#!/usr/bin/env node
// The entry. Static imports would be compiled before anything could be said about it, so there is only one.

import { keepCompiled } from './compile-cache.ts';

keepCompiled();
await import('./command-line.ts');
