// Loaded before a Sluice process and each of its threads (`--import`): they behave as on a Node without the private parts that net
// leans on. Says so in the file that PLAIN_STREAMS names.

import { appendFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import { avoidPrivateParts } from '../../../src/net/private-parts.ts';

avoidPrivateParts();
appendFileSync(process.env['PLAIN_STREAMS']!, `thread ${threadId}\n`);
