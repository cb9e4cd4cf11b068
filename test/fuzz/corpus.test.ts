// What `npm run fuzz` has found, and what it found once in others, is tried in each run of the tests; so is a little by chance, from a fixed seed.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { compareRequest, compareResponse } from '../property/http1/agreement.ts';
import { compareFrames, compareRequests, compareResponses } from '../property/http2/agreement.ts';
import type { Agreement } from '../property/http2/agreement.ts';
import { seededRandom } from '../scaffold/seeded-random.ts';
import { makeFrames } from './frame-grammar.ts';
import { makeRequest, makeResponse } from './grammar.ts';
import { blocksOf, makeBlocks } from './hpack-grammar.ts';
import type { Input, Target } from './target.ts';
import { openAdminTarget } from './targets/admin.ts';
import { config } from './targets/config.ts';
import { chunks, request, response } from './targets/http1.ts';
import { frames, hpack, requestFields, responseFields } from './targets/http2.ts';

const corpus = JSON.parse(readFileSync(join(import.meta.dirname, 'corpus.json'), 'utf8')) as Readonly<Record<string, readonly Input[]>>;
const admin = await openAdminTarget();
afterAll(() => admin.close?.());

test.each([
  [request, 20_000],
  [response, 20_000],
  [chunks, 20_000],
  [frames, 150],
  [hpack, 2_000],
  [requestFields, 80],
  [responseFields, 80],
  [config, 200],
  [admin, 200],
] as readonly (readonly [Target, number])[])('$name: the corpus, and some by chance', { timeout: 60_000 }, async (target, count) => {
  const inputs = corpus[target.name] ?? [];
  expect(inputs.length).toBeGreaterThan(3);
  for (const input of inputs) await target.run(input);
  const chance = seededRandom(7);
  for (let index = 0; index < count; index++) {
    const input = target.make(chance);
    try {
      await target.run(input);
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(input)}`, { cause: error });
    }
  }
});

test('what is made by chance is neither all sound nor all refused', () => {
  const chance = seededRandom(7);
  const verdicts = { request: new Map<string, number>(), response: new Map<string, number>() };
  const count = (of: Map<string, number>, verdict: string): unknown => of.set(verdict, (of.get(verdict) ?? 0) + 1);
  for (let index = 0; index < 5_000; index++) {
    count(verdicts.request, compareRequest(makeRequest(chance)));
    count(verdicts.response, compareResponse(makeResponse(chance), 'GET'));
  }
  for (const of of [verdicts.request, verdicts.response])
    for (const verdict of ['accepted', 'refused']) expect(of.get(verdict)).toBeGreaterThan(300);
});

test('nor is what is made of HTTP/2', async () => {
  const chance = seededRandom(11);
  const count = async (make: () => Promise<readonly Agreement[]>): Promise<ReadonlyMap<string, number>> => {
    const verdicts = new Map<string, number>();
    for (let index = 0; index < 80; index++) for (const verdict of await make()) verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    return verdicts;
  };
  for (const verdicts of [
    await count(() => compareRequests(blocksOf(makeBlocks(chance, 'request')))),
    await count(() => compareResponses(blocksOf(makeBlocks(chance, 'response')))),
    await count(async () => [await compareFrames(Buffer.from(makeFrames(chance), 'latin1'))]),
  ]) {
    for (const verdict of ['accepted', 'refused', 'compression'])
      expect(verdicts.get(verdict)).toBeGreaterThan(verdict === 'compression' ? 1 : 10);
  }
});
