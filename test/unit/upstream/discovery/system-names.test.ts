import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../scaffold/manual-clock.ts';
import { candidates, parseHosts, parseSearchList, SystemNames } from '../../../../src/upstream/discovery/system-names.ts';

test('hosts(5): aliases, comments, several lines for a name, both families; what is no address is left out', () => {
  const hosts = parseHosts(
    ['# comment', '10.0.0.1\tApp app.internal # alias', '::1 app', '10.0.0.1 app', 'not-an-address app', '', '  10.0.0.2   other\r'].join(
      '\n',
    ),
  );
  expect(hosts.get('app')).toEqual(['10.0.0.1', '::1']);
  expect(hosts.get('app.internal')).toEqual(['10.0.0.1']);
  expect(hosts.get('other')).toEqual(['10.0.0.2']);
  expect(hosts.get('alias')).toBeUndefined();
});

test('localhost is what the file says, and 127.0.0.1 when it says nothing', () => {
  expect(parseHosts('').get('localhost')).toEqual(['127.0.0.1']);
  expect(parseHosts('127.0.0.1 localhost\n::1 localhost ip6-localhost').get('localhost')).toEqual(['127.0.0.1', '::1']);
});

test('names of prototypes are names like others', () => {
  expect(parseHosts('').get('constructor')).toBeUndefined();
  expect(parseHosts('10.0.0.1 __proto__').get('__proto__')).toEqual(['10.0.0.1']);
});

test('resolv.conf(5): the last list holds, ndots is bounded, comments are left out', () => {
  expect(parseSearchList('')).toEqual({ domains: [], ndots: 1 });
  const kubernetes = 'search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5 edns0';
  expect(parseSearchList(kubernetes)).toEqual({ domains: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'], ndots: 5 });
  expect(parseSearchList('domain a.test\nsearch b.test. c.test ; d.test').domains).toEqual(['b.test', 'c.test']);
  expect(parseSearchList('search b.test\ndomain a.test').domains).toEqual(['a.test']);
  expect(parseSearchList('options ndots:99').ndots).toBe(15);
  expect(parseSearchList('options ndots:x ndots:-1').ndots).toBe(1);
});

test.each([
  ['shop', 1, ['shop.a.test', 'shop.b.test', 'shop']],
  ['shop.default', 1, ['shop.default', 'shop.default.a.test', 'shop.default.b.test']],
  ['shop.default', 5, ['shop.default.a.test', 'shop.default.b.test', 'shop.default']],
  ['shop.default.', 5, ['shop.default.']],
  ['shop', 0, ['shop', 'shop.a.test', 'shop.b.test']],
  [`${'x'.repeat(249)}`, 1, ['x'.repeat(249)]],
])('%s with ndots %i is asked for in the right order', (name, ndots, expected) => {
  expect(candidates(name, { domains: ['a.test', 'b.test'], ndots })).toEqual(expected);
});

test('files are read again when they change, at most once a second; one that is gone says nothing', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-names-'));
  const paths = { hosts: join(dir, 'hosts'), resolvConf: join(dir, 'resolv.conf') };
  const clock = new ManualClock();
  const names = new SystemNames(clock, paths);
  const app = async (): Promise<readonly string[] | undefined> => (await names.read()).hosts.get('app');
  const replace = (path: string, text: string): void => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  };
  expect(await app()).toBeUndefined();
  replace(paths.hosts, '10.0.0.1 app');
  expect(await app()).toBeUndefined();
  clock.advance(1000);
  expect(await app()).toEqual(['10.0.0.1']);
  const { search } = await names.read();
  clock.advance(1000);
  expect((await names.read()).search).toBe(search);
  replace(paths.resolvConf, 'search a.test');
  clock.advance(1000);
  expect((await names.read()).search).toEqual({ domains: ['a.test'], ndots: 1 });
  rmSync(dir, { recursive: true });
  clock.advance(1000);
  expect(await app()).toBeUndefined();
});
