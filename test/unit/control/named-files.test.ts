import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
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

it('a source of a header value is named, whatever the header is called, and a name of a thing is no map of headers', () => {
  const set = { set: { file: '/a' }, headers: { env: 'B' }, add: 'in clear', file: 'no', 'x-a': { file: '/c' } };
  const after = {
    pools: {
      set: { versions: { headers: { endpointsFile: '/d' } }, health: { headers: { headers: { file: '/e' }, file: 'no', env: 'no' } } },
    },
    routes: [{ name: 'a', requestHeaders: { set } }],
    rollouts: { set: { steps: [{ smoke: [{ headers: { json: { env: 'F' }, env: 'no' } }] }], hooks: [{ secret: { env: 'FREE' } }] } },
  };
  const at = ['routes', 'a', 'requestHeaders', 'set'];
  const found = [
    ['pools', 'set', 'versions', 'headers', 'endpointsFile'],
    ['pools', 'set', 'health', 'headers', 'headers', 'file'],
    [...at, 'set', 'file'],
    [...at, 'headers', 'env'],
    [...at, 'x-a', 'file'],
    ['rollouts', 'set', 'steps', 0, 'smoke', 0, 'headers', 'json', 'env'],
  ];
  expect(strangeFiles([[]], after, () => ({}))).toEqual(found);
  for (const path of [
    [...at, 'set'],
    [...at, 'set', 'file'],
  ])
    expect(strangeFiles([path], after, () => ({}))).toEqual([[...at, 'set', 'file']]);
  // What one header of the file is read from, any other may be; a file of another kind is no header value.
  const alone = {
    routes: [{ name: 'z', responseHeaders: { add: { 'x-z': { file: '/a' }, 'x-y': { env: 'B' } } } }],
    pools: { shop: { versions: { v1: { endpointsFile: '/c' } } } },
    rollouts: { careful: { hooks: [{ secret: { env: 'F' } }] } },
  };
  expect(strangeFiles([[]], after, () => alone)).toEqual(found.filter(({ length }, index) => length > 0 && ![2, 3].includes(index)));
});

describe('below a folder that the file opens', () => {
  function openFolder() {
    const root = mkdtempSync(join(tmpdir(), 'sluice-files-'));
    onTestFinished(() => rmSync(root, { recursive: true }));
    const open = join(root, 'open');
    mkdirSync(join(open, 'sub'), { recursive: true, mode: 0o755 });
    writeFileSync(join(open, 'there'), '');
    writeFileSync(join(open, 'token'), '');
    writeFileSync(join(root, 'outside'), '');
    for (const [to, at] of [
      ['..', 'up'],
      ['../outside', 'out'],
      ['../absent', 'nowhere'],
      ['there', 'inner'],
    ] as const)
      symlinkSync(to, join(open, at));
    const alone = { admin: { files: [open], auth: { tokens: [{ name: 'a', file: join(open, 'token') }] } } };
    const strange = (field: Readonly<Record<string, unknown>>) => strangeFiles([[]], field, () => alone).length > 0;
    return { root, open, strange };
  }

  it.each(['new', 'there', 'sub/new', 'absent/new', 'inner'])('an admin names %s', (name) => {
    const { open, strange } = openFolder();
    for (const field of [
      { accessLog: { path: join(open, name) } },
      { pools: { a: { versions: { v: { endpointsFile: join(open, name) } } } } },
    ])
      expect(strange(field)).toBe(false);
  });

  it.each([
    '',
    '.',
    'up',
    'up/outside',
    'up/new',
    'out',
    'nowhere',
    '../outside',
    'sub/../../outside',
    'token',
    'there/below',
    '../open2/a',
    'a\0b',
  ])('but not %j', (name) => {
    const { open, strange } = openFolder();
    expect(strange({ accessLog: { path: `${open}/${name}` } })).toBe(true);
  });

  it('no socket, no state, nothing in a folder that others may write to or that is gone, and nothing by what the API says of folders', () => {
    const { root, open, strange } = openFolder();
    expect(strange({ listeners: [{ name: 'a', address: `unix:${open}/a.sock` }] })).toBe(true);
    expect(strange({ state: { dir: join(open, 'sub') } })).toBe(true);
    expect(strange({ admin: { files: [root] }, accessLog: { path: join(root, 'new') } })).toBe(true);
    chmodSync(open, 0o777);
    expect(strange({ accessLog: { path: join(open, 'new') } })).toBe(true);
    rmSync(open, { recursive: true });
    expect(strange({ accessLog: { path: join(open, 'new') } })).toBe(true);
  });

  it('a folder that is a link counts as what it leads to', () => {
    const { root, open } = openFolder();
    symlinkSync(open, join(root, 'link'));
    const strange = (name: string) =>
      strangeFiles([[]], { accessLog: { path: join(root, 'link', name) } }, () => ({ admin: { files: [join(root, 'link')] } })).length > 0;
    expect([strange('new'), strange('out'), strange('up/new')]).toEqual([false, true, true]);
    expect(realpathSync(join(root, 'link'))).toBe(realpathSync(open));
  });
});

it('a variable or file of a header value is found wherever it stands, by whichever key the quick look goes', () => {
  for (const source of [{ env: 'OTHER' }, { file: '/etc/passwd' }])
    for (const name of ['x-other', 'set', 'headers', 'env', 'path']) {
      const after = { routes: [{ name: 'turn', requestHeaders: { set: { [name]: source } } }] };
      expect(strangeFiles([['routes', 'turn', 'requestHeaders']], after, () => ({}))).toHaveLength(1);
      expect(strangeFiles([['routes']], after, () => ({}))).toHaveLength(1);
    }
});
