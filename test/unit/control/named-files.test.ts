import { expect, it } from 'vitest';
import { decodeFitting, readFiles } from '../../../src/config/decode.ts';
import { desiredByFile } from '../../../src/control/sources/desired.ts';
import { strangeFiles } from '../../../src/control/named-files.ts';
import { yaml } from './fakes.ts';

const read = (text: string) => readFiles([{ file: '/etc/sluice.yaml', text }]);

it('what was kept from a time when the API could name files is given up, and nothing else', () => {
  const kept = [
    { path: ['accessLog'], value: { path: '/root/.profile' }, base: { path: 'a.log' } },
    { path: ['pools', 'shop', 'split'], value: { v1: 1, v2: 1 }, base: { v1: 90, v2: 10 } },
    { path: ['pools', 'shop', 'versions', 'v1', 'endpointsFile'], value: '/etc/passwd' },
    { path: ['state'], value: { dir: '/elsewhere' } },
  ];
  const file = read(yaml({ extra: 'accessLog: { path: a.log }' }));
  // They fit, so that nothing else would give them up.
  expect(decodeFitting(file, kept).amended).toMatchObject({ amendments: { length: 4 }, superseded: [] });
  const { config, load } = desiredByFile({ read: file }, kept, (each) => each);
  expect(config?.accessLog?.path).toBe('/etc/a.log');
  expect(load.amended.amendments.map(({ path }) => path.join(' '))).toEqual(['pools shop split']);
  expect(load.amended.superseded.map(({ reason }) => reason)).toEqual([
    'accessLog.path: only the config file names files',
    'pools.shop.versions.v1.endpointsFile: only the config file names files',
    'state.dir: only the config file names files',
  ]);
});

it('a name that people chose is no field', () => {
  const after = { routes: [{ requestHeaders: { set: { file: 'a', certFile: 'b' } }, tls: { certFile: 'c' } }] };
  const paths = strangeFiles([['routes']], after, () => ({}));
  expect(paths).toEqual([['routes', 0, 'tls', 'certFile']]);
});
