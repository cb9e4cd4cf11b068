// What the probes of an instance return when all is well; otherwise it is a Problem.

import { z } from 'zod';
import type { Examples } from './scalars.ts';

export const probeSchemas = { Probe: z.object({ status: z.literal('ok') }) } as const;

export const probeExamples: Examples<typeof probeSchemas> = { Probe: { status: 'ok' } };
