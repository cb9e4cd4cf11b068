import { expect, test } from 'vitest';
import type { RouteConfig } from '../../../src/config/model.ts';
import { decodeText } from '../../../src/config/decode.ts';
import { KnownRoutes } from '../../../src/threads/known-routes.ts';
import type { RouteLists } from '../../../src/threads/known-routes.ts';

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

function collect(known: KnownRoutes, { config, written }: RouteLists): RouteLists {
  const collected = known.collect();
  for (let at = 0; at < config.length; at += 2) collected.add({ config: config.slice(at, at + 2), written: written.slice(at, at + 2) });
  return collected.lists;
}

function remembering(first: RouteLists): KnownRoutes {
  const known = new KnownRoutes();
  known.remember(first);
  return known;
}

test('routes that are said again are the same objects in the same lists', () => {
  const first = sent(written(200, 201, 202));
  const again = collect(remembering(first), sent(written(200, 201, 202)));
  expect(again.config).toBe(first.config);
  expect(again.written).toBe(first.written);
});

test('beside a route that differs those that do not stay, in new lists', () => {
  const first = sent(written(200, 201, 202));
  const next = sent(written(200, 299, 202));
  const found = collect(remembering(first), next);
  expect(found).toEqual(next);
  expect(found.config).not.toBe(first.config);
  expect([found.config[0], found.config[2]].map((route, index) => route === first.config[index * 2])).toEqual([true, true]);
  expect(found.config[1]).toBe(next.config[1]);
});

test('a route more, a route less and another order make other lists', () => {
  const first = sent(written(200, 201, 202));
  for (const next of [sent(written(200, 201, 202, 203)), sent(written(200, 201)), sent(written(200, 201, 202).toReversed())]) {
    const found = collect(remembering(first), next);
    expect(found).toEqual(next);
    expect(found.config).not.toBe(first.config);
    expect(found.written).not.toBe(first.written);
  }
});

test('what is written otherwise is another route though it means the same, and the other way round', () => {
  const first = sent(written(200));
  const otherwise = { config: structuredClone(first.config), written: [{ ...written(200)[0], hosts: [] }] };
  expect(collect(remembering(first), otherwise)).toEqual(otherwise);
  expect(collect(remembering(first), otherwise).config).not.toBe(first.config);
  const meant = { config: [{ ...first.config[0]!, timeoutMs: 1 } satisfies RouteConfig], written: structuredClone(first.written) };
  expect(collect(remembering(first), meant).written[0]).toBe(meant.written[0]);
  expect(collect(remembering(first), meant).config[0]?.timeoutMs).toBe(1);
});

test('without anything known all are new', () => {
  const next = sent(written(200, 201, 202));
  expect(collect(new KnownRoutes(), next)).toEqual(next);
});
