import { expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { KnownRoutes } from '../../../src/threads/known-routes.ts';
import { cutRoutes } from '../../../src/threads/route-pieces.ts';
import type { RouteLists } from '../../../src/threads/route-pieces.ts';

interface Written {
  readonly name: string;
  readonly respond: { readonly status: number };
}

const written = (...statuses: readonly number[]): readonly Written[] =>
  statuses.map((status, index) => ({ name: `route-${index}`, respond: { status } }));

/** As they come from the thread that reads: nothing is shared. */
function sent(list: readonly unknown[]): RouteLists {
  const text = JSON.stringify({ listeners: [{ name: 'web', address: '127.0.0.1:0' }], routes: list });
  const { config, problems } = decodeText('a.yaml', text);
  expect(problems).toEqual([]);
  return structuredClone({ config: config?.routes ?? [], written: list });
}

/** What comes of it, and what to remember of that. */
function take(known: KnownRoutes, { config, written: list }: RouteLists): RouteLists {
  const collected = known.collect();
  for (const piece of cutRoutes(config, list)) collected.add(structuredClone(piece));
  known.remember(collected);
  return collected.lists;
}

function remembering(first: RouteLists): { readonly known: KnownRoutes; readonly first: RouteLists } {
  const known = new KnownRoutes();
  return { known, first: take(known, first) };
}

test('routes that are said again are the same objects in the same lists', () => {
  const { known, first } = remembering(sent(written(200, 201, 202)));
  const again = take(known, sent(written(200, 201, 202)));
  expect(again.config).toBe(first.config);
  expect(again.written).toBe(first.written);
});

test('beside a route that differs those that do not stay, in new lists', () => {
  const { known, first } = remembering(sent(written(200, 201, 202)));
  const next = sent(written(200, 299, 202));
  const found = take(known, next);
  expect(found).toEqual(next);
  expect(found.config).not.toBe(first.config);
  expect([found.config[0], found.config[2]].map((route, index) => route === first.config[index * 2])).toEqual([true, true]);
  expect(found.config[1]).not.toBe(first.config[1]);
});

test('a route more, a route less and another order make other lists', () => {
  for (const next of [sent(written(200, 201, 202, 203)), sent(written(200, 201)), sent(written(200, 201, 202).toReversed())]) {
    const { known, first } = remembering(sent(written(200, 201, 202)));
    const found = take(known, next);
    expect(found).toEqual(next);
    expect(found.config).not.toBe(first.config);
    expect(found.written).not.toBe(first.written);
  }
});

test('what is written otherwise is another route though it means the same', () => {
  const { known, first } = remembering(sent(written(200)));
  const otherwise = { config: structuredClone(first.config), written: [{ ...written(200)[0], hosts: [] }] };
  const found = take(known, otherwise);
  expect(found).toEqual(otherwise);
  expect(found.config).not.toBe(first.config);
});

test('without anything known all are new', () => {
  const next = sent(written(200, 201, 202));
  expect(take(new KnownRoutes(), next)).toEqual(next);
});
