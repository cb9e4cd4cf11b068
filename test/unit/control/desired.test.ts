import { expect, it } from 'vitest';
import { readFiles } from '../../../src/config/decode.ts';
import { desiredByApi, desiredByFile } from '../../../src/control/sources/desired.ts';
import { yaml } from './fakes.ts';

const same = <T>(value: T): T => value;
const read = readFiles([{ file: '/etc/sluice.yaml', text: yaml() }]);
const split = { path: ['pools', 'shop', 'split'], value: { v1: 1, v2: 1 }, base: { v1: 90, v2: 10 } };

it('is of one form, whether a file or the API asks for it', () => {
  const [file, api] = [desiredByFile({ read }, [], same), desiredByApi(read, [split], same)];
  expect([file.origin, file.config?.pools[0]?.split]).toEqual(['file', { v1: 90, v2: 10 }]);
  expect([api.origin, api.config?.pools[0]?.split]).toEqual(['api', { v1: 1, v2: 1 }]);
  for (const desired of [file, api]) expect(desired.locate(['pools', 'shop'])).toMatchObject({ file: '/etc/sluice.yaml', line: 7 });
});

it('has no config where it has Problems, and no place where nothing can be read', () => {
  const wrong = readFiles([{ file: '/x.yaml', text: yaml().replace('pool: shop', 'pool: shpo') }]);
  expect(desiredByFile({ read: wrong }, [], same)).toMatchObject({ config: undefined, load: { problems: [{}] } });
  const unread = readFiles([{ file: '/x.yaml', text: ': [' }]);
  expect(desiredByFile({ read: unread }, [], same).locate(['pools'])).toBeUndefined();
});

it('of a file an amendment that does not fit is superseded; of the API it is a Problem', () => {
  const gone = { path: ['pools', 'shop', 'split'], value: { v9: 1 }, base: { v1: 90, v2: 10 } };
  expect(desiredByFile({ read }, [gone], same).load.amended.superseded).toHaveLength(1);
  expect(desiredByApi(read, [gone], same)).toMatchObject({ config: undefined });
});
