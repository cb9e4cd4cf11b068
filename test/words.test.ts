// One word per thing, checked: the Avoid column of ARCHITECTURE's table of words over identifiers, files, YAML keys, metrics, texts and comments.

import { describe, expect, it } from 'vitest';
import { jsonSchema } from '../src/config/schema/root.ts';
import { METRICS } from '../src/telemetry/names.ts';
import { readFileSet } from './layers/imports.ts';
import { EXCEPTIONS } from './words/exceptions.ts';
import { faultOfName, faultOfText, wordsOf } from './words/find.ts';
import { readLaw } from './words/law.ts';
import type { Avoided } from './words/law.ts';
import { keysOf, readWords } from './words/names.ts';
import type { Said } from './words/names.ts';

const root = new URL('..', import.meta.url).pathname;
const { names, prose } = readLaw(root);
const excepted = new Set(EXCEPTIONS.map(({ text }) => text));

/** The same names come again and again: each is looked at once. */
function faultsIn(said: readonly Said[], find: (text: string) => Avoided | undefined): readonly string[] {
  const faults = new Map([...new Set(said.map(({ text }) => text))].map((text) => [text, excepted.has(text) ? undefined : find(text)]));
  return said.flatMap(({ at, text }) => {
    const fault = faults.get(text);
    return fault === undefined ? [] : [`${at}: ${JSON.stringify(text.slice(0, 200))} says ${fault.written}; it is: ${fault.instead}`];
  });
}

const sayAt = (texts: readonly string[]) => texts.map((text) => ({ at: text, text }));

describe('the words of src', () => {
  const files = readFileSet(root, 'src');
  const { identifiers, texts, comments } = readWords(files);

  it('are read', () => {
    expect(names.length).toBeGreaterThan(20);
    expect(prose.length).toBeGreaterThan(3);
    expect(Math.min(identifiers.length, texts.length, comments.length)).toBeGreaterThan(1000);
  });

  it('are right in identifiers', () => {
    expect(faultsIn(identifiers, (text) => faultOfName(text, names))).toEqual([]);
  });

  it('are right in the names of files', () => {
    expect(faultsIn(sayAt([...files.keys()]), (text) => faultOfName(text, names))).toEqual([]);
  });

  it('are right in the keys of the YAML', () => {
    const keys = keysOf(jsonSchema());
    expect(keys).toContain('affinity');
    expect(faultsIn(sayAt(keys), (text) => faultOfName(text, names))).toEqual([]);
  });

  it('are right in metrics and their labels', () => {
    const metrics = Object.values(METRICS).flatMap(({ name, help, labels }) => [name, help, ...labels]);
    expect(faultsIn(sayAt(metrics), (text) => faultOfText(text, [...names, ...prose]))).toEqual([]);
  });

  it('are right in texts', () => {
    expect(faultsIn(texts, (text) => faultOfText(text, [...names, ...prose]))).toEqual([]);
  });

  it('are plain English in comments', () => {
    expect(faultsIn(comments, (text) => faultOfText(text, prose))).toEqual([]);
  });

  it('have no exception that nothing needs', () => {
    const all = new Set([...identifiers, ...texts].map(({ text }) => text));
    const needed = EXCEPTIONS.filter(
      ({ text }) => all.has(text) && (faultOfName(text, names) ?? faultOfText(text, [...names, ...prose])) !== undefined,
    );
    expect(needed).toEqual(EXCEPTIONS);
  });
});

describe('the law of words', () => {
  const avoid = (written: string): readonly Avoided[] => [{ written, instead: 'x' }];

  it('takes names apart as people do', () => {
    expect(wordsOf('holdDeadline')).toEqual(['hold', 'deadline']);
    expect(wordsOf('MAX_HTTPHeaders')).toEqual(['max', 'http', 'headers']);
    expect(wordsOf('sluice_requests_held, by "x-y"')).toEqual(['sluice', 'requests', 'held', 'by', 'x', 'y']);
  });

  it.each([
    ['tee', ['teeBody', 'TEE', 'tee-body', 'teed', 'bodyTees'], ['teen', 'steer', 'guarantee']],
    ['rescue', ['rescued', 'rescuing', 'Rescues'], ['rescueless']],
    ['blast radius', ['blastRadius', 'BLAST_RADIUS'], ['blast', 'radiusBlast']],
    ['MOST', ['MOST_BYTES', 'COLLECT_MOST_MS'], ['most', 'mostBytes', 'ALMOST']],
    ['…Parts', ['ChoiceParts'], ['parts', 'chooseParts', 'PartsOf', 'PARTS']],
  ])('finds %s', (written, found, free) => {
    expect(found.filter((name) => faultOfName(name, avoid(written)) === undefined)).toEqual([]);
    expect(free.filter((name) => faultOfName(name, avoid(written)) !== undefined)).toEqual([]);
  });

  it('finds words and phrases in texts', () => {
    expect(faultOfText('No answer came.', avoid('answer'))).toBeDefined();
    expect(faultOfText('What was seen of late.', avoid('of late'))).toBeDefined();
    expect(faultOfText('Of the latest.', avoid('of late'))).toBeUndefined();
  });
});
