// Parts that the schemas of several answers share.

import { z } from 'zod';

export const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
export const milliseconds = z.number().describe('Milliseconds since the epoch.');
export const fraction = z.number().min(0).max(1);
