// Markers: which deploy a version is. A marker moves no traffic and makes no revision.

import { z } from 'zod';
import { nameOf, strictMap } from '../config/schema/strict-map.ts';
import { MAX_DEPLOY_LENGTH, MAX_LINK_LENGTH } from './bounds.ts';
import { reason } from './change.ts';
import { adoption, author, revision, scalarExamples, timeMs, type Contract, type Examples } from './scalars.ts';

export const markerBody = strictMap({
  pool: nameOf('pool'),
  version: nameOf('version'),
  deploy: z
    .string({ error: 'deploy must be text' })
    .max(MAX_DEPLOY_LENGTH, { error: `deploy must be at most ${MAX_DEPLOY_LENGTH} characters` })
    .refine(isPrintable, { error: `deploy must be 1 to ${MAX_DEPLOY_LENGTH} printable characters, the first and the last no space` })
    .describe('Name of the deploy, such as 2026-11-21.3.'),
  sha: z
    .string({ error: 'sha must be text' })
    .regex(/^[0-9A-Fa-f]{7,64}$/, { error: 'sha must be 7 to 64 hexadecimal digits' })
    .transform((sha) => sha.toLowerCase())
    .describe('Hash of the commit, 7 to 64 hexadecimal digits.')
    .optional(),
  url: z
    .string({ error: 'url must be text' })
    .max(MAX_LINK_LENGTH, { error: `url must be at most ${MAX_LINK_LENGTH} characters` })
    .refine(isLink, { error: 'url must be an address that begins with http:// or https:// and has no password in it' })
    .describe('A page about the deploy.')
    .optional(),
  reason,
});

const marker = z.object({
  pool: z.string(),
  version: z.string(),
  deploy: z.string().describe('Name of the deploy.'),
  sha: z.string().describe('Hash of the commit, in lower case.').optional(),
  url: z.string().describe('A page about the deploy.').optional(),
  reason: z.string().describe('Empty when none was given.'),
  author,
  atMs: timeMs.describe('When the version was marked, in milliseconds since the epoch.'),
});

export const deploy = z
  .object({ deploy: z.string(), sha: z.string().optional(), atMs: timeMs })
  .describe('Which deploy the version is, as its latest marker says; absent when it has none.');

const markers = z.object({
  revision,
  markers: z.array(marker).describe('The latest marker of each version that has one.'),
  recent: z.array(marker).describe('The markers in the journal, newest first; also those of versions that are gone.'),
});

const markerResponse = z
  .object({
    revision: revision.describe('The current revision: a marker makes none.'),
    workers: adoption.describe('How many workers know the marker; absent for a dry run.').optional(),
    dryRun: z.literal(true).describe('Present when nothing was changed.').optional(),
    changed: z.boolean().describe('False when the version already had this marker.'),
    marker: marker.describe('The marker as it stands, or would stand.'),
  })
  .describe('Every worker that is alive knows the marker when this is sent.');

export type Marker = Contract<typeof marker>;
/** A deploy as the state of a version says it. */
export type DeployStatus = Contract<typeof deploy>;
export type Markers = Contract<typeof markers>;

export const markerSchemas = {
  Marker: marker,
  Deploy: deploy,
  Markers: markers,
  MarkerResponse: markerResponse,
  MarkerBody: markerBody,
} as const;

const marked = {
  pool: 'shop',
  version: 'v2',
  deploy: '2026-11-21.3',
  sha: '9f1c2ab7',
  url: 'https://ci.example.com/builds/4711',
  reason: 'new checkout',
};
const example = { ...marked, author: 'ci', atMs: 1_769_864_709_000 };

export const markerExamples: Examples<typeof markerSchemas> = {
  Marker: example,
  Deploy: { deploy: example.deploy, sha: example.sha, atMs: example.atMs },
  Markers: { revision: 12, markers: [example], recent: [example] },
  MarkerResponse: { revision: 12, workers: scalarExamples.Adoption, changed: true, marker: example },
  MarkerBody: marked,
};

/** Visible characters with single spaces between them: the name stands in labels, in logs and on terminals. */
function isPrintable(name: string): boolean {
  return /^[^\p{C}\p{Z}]+(?: [^\p{C}\p{Z}]+)*$/u.test(name);
}

function isLink(link: string): boolean {
  if (!/^https?:\/\/[!-~]+$/i.test(link) || !URL.canParse(link)) return false;
  const { username, password } = new URL(link);
  return username === '' && password === '';
}
