// The whole config, and the description of the API itself: documents whose inside is described elsewhere.

import { z } from 'zod';
import type { Examples } from './scalars.ts';

export const configSchemas = {
  Config: z.record(z.string(), z.unknown()).describe('The config, in the words of the YAML; a response has all defaults in it.'),
  Document: z.record(z.string(), z.unknown()).describe('An OpenAPI document.'),
} as const;

export const configExamples: Examples<typeof configSchemas> = {
  Config: {
    listeners: [{ name: 'web', address: '0.0.0.0:8080' }],
    admin: { address: '127.0.0.1:9901' },
    pools: {
      shop: {
        versions: { v1: { endpoints: ['127.0.0.1:9001'] }, v2: { endpoints: ['127.0.0.1:9003'] } },
        split: { v1: 90, v2: 10 },
      },
    },
    routes: [{ name: 'shop', match: [{ path: { prefix: '/' } }], pool: 'shop' }],
  },
  Document: { openapi: '3.1.0', info: { title: 'Sluice admin API', version: '1.0.0' }, paths: {} },
};
