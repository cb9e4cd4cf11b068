import { describe, expect, it } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import type { Update } from '../../../src/control/ports.ts';
import { CounterSet } from '../../../src/telemetry/counter-set.ts';
import { from, load, open, settled, yaml } from './fakes.ts';
import { adoptPlan } from '../../scaffold/adopt-plan.ts';

describe('Controller', () => {
  it('puts a valid config in force on every worker, then says so', async () => {
    const { controller, dataPlane, reloads, served, lines } = await open();
    expect(await controller.apply(from(load()), 'start')).toEqual({
      result: 'applied',
      revision: 1,
      workers: { applied: 2, total: 2 },
      notices: [],
    });
    expect(dataPlane.updates.map(({ revision }) => revision)).toEqual([1]);
    expect(controller.config).toEqual(load().config);
    expect(served).toEqual([
      {
        revision: 1,
        split: [
          { pool: 'shop', version: 'v1', weight: 90 },
          { pool: 'shop', version: 'v2', weight: 10 },
        ],
      },
    ]);
    expect(reloads).toEqual(['applied']);
    expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual(['info config applied']);
  });

  it('gives every config the counters it needs before a worker serves it', async () => {
    const { controller, dataPlane } = await open();
    await controller.apply(from(load()), 'start');
    for (const set of dataPlane.sets) {
      set.listener('web');
      set.version('shop', 'v2');
      set.endpoint('shop', 'v2', '127.0.0.1:9002');
      for (const version of ['', 'v1', 'v2']) set.route('main', 'shop', version);
      set.route('', '', '');
    }
    const kept = dataPlane.sets[0]!.version('shop', 'v1');
    await controller.apply(from(load({ version: 'v3', route: 'other' })), 'file');
    expect(dataPlane.sets[0]!.version('shop', 'v1')).toBe(kept);
    dataPlane.sets[0]!.route('other', 'shop', 'v3');
    expect(() => dataPlane.sets[0]!.version('shop', 'v2')).toThrow();
  });

  it('a config with a Problem changes nothing, and the log names its place', async () => {
    const { controller, dataPlane, reloads, lines } = await open();
    await controller.apply(from(load()), 'start');
    lines.length = 0;
    const bad = decodeText('/etc/sluice.yaml', yaml().replace('pool: shop', 'pool: shpo'));
    const result = await controller.apply(from(bad), 'file');
    expect(result).toMatchObject({ result: 'rejected', revision: 1 });
    expect(dataPlane.updates).toHaveLength(1);
    expect(controller.config).toEqual(load().config);
    expect(reloads).toEqual(['applied', 'rejected']);
    const problems = lines.filter(({ message }) => message === 'config problem');
    expect(problems).toHaveLength(bad.problems.length);
    expect(problems[0]!.fields['at']).toMatch(/^\/etc\/sluice\.yaml:\d+:\d+: .*shpo/);
  });

  it('an equal config is no revision, however it is written', async () => {
    const { controller, dataPlane, reloads } = await open();
    await controller.apply(from(load()), 'start');
    const result = await controller.apply(from(decodeText('/etc/sluice.yaml', `# a comment\n${yaml()}\n`)), 'file');
    expect(result).toEqual({ result: 'unchanged', revision: 1 });
    expect(dataPlane.updates).toHaveLength(1);
    expect(reloads).toEqual(['applied', 'unchanged']);
  });

  it('tells after each read of the file whether it was taken, whatever the API does', async () => {
    const { controller, dataPlane, files } = await open();
    await controller.apply(from(load()), 'start');
    await controller.apply(from(decodeText('/etc/sluice.yaml', 'pools: 7')), 'file');
    await controller.apply(from(load()), 'file');
    dataPlane.ends.push(() => Promise.reject(new Error('listen EADDRINUSE')));
    await controller.apply(from(load({ version: 'v3' })), 'file');
    expect(files).toEqual(['taken', 'refused', 'taken', 'refused']);
  });

  it('tells what changed, in the words of the file', async () => {
    const { controller, lines } = await open();
    await controller.apply(from(load()), 'start');
    await controller.apply(from(load({ weight: 25 })), 'file');
    const { fields } = lines.at(-1)!;
    expect(fields).toMatchObject({ revision: 2, cause: 'file', changeCount: 2 });
    expect(fields['changes']).toEqual(['pools.shop.split.v1: 90 -> 75', 'pools.shop.split.v2: 10 -> 25']);
  });

  it('says once what waits for a restart, and not when it is taken back', async () => {
    const { controller } = await open();
    await controller.apply(from(load({ extra: 'workers: 1' })), 'start');
    const changed = await controller.apply(from(load({ extra: 'workers: 2\nadmin: { address: 127.0.0.1:9999 }' })), 'file');
    expect(changed).toMatchObject({
      result: 'applied',
      notices: [expect.stringMatching(/^workers changed/), expect.stringMatching(/^admin\.address changed/)],
    });
    expect(
      await controller.apply(from(load({ extra: 'workers: 2\nadmin: { address: 127.0.0.1:9999 }', weight: 20 })), 'file'),
    ).toMatchObject({
      notices: [],
    });
    expect(await controller.apply(from(load({ extra: 'workers: 1' })), 'file')).toMatchObject({ notices: [] });
  });

  it('applies one at a time; of those that wait the newest wins', async () => {
    const { controller, dataPlane } = await open();
    const results = await Promise.all([11, 12, 13, 14].map((weight) => controller.apply(from(load({ weight })), 'file')));
    expect(results.map(({ result }) => result)).toEqual(['applied', 'superseded', 'superseded', 'applied']);
    expect(dataPlane.updates.map(({ config }) => config.pools[0]!.split['v2'])).toEqual([11, 14]);
    expect(controller.revision).toBe(2);
  });

  it('a refused update leaves everything as it was', async () => {
    const { controller, dataPlane, counters, reloads, served } = await open();
    await controller.apply(from(load()), 'start');
    dataPlane.sets[0]!.version('shop', 'v2').began();
    dataPlane.ends.push(() => Promise.reject(new Error('listen EADDRINUSE')));
    expect(await controller.apply(from(load({ version: 'v3' })), 'file')).toMatchObject({
      result: 'failed',
      revision: 1,
      error: { message: 'listen EADDRINUSE' },
    });
    expect(controller.revision).toBe(1);
    expect(served).toHaveLength(1);
    expect(reloads).toEqual(['applied', 'rejected']);
    expect(counters.blocks('version').map((block) => block.total(0))).toEqual([0, 1]);
    expect(await controller.apply(from(load({ version: 'v3' })), 'signal')).toMatchObject({ result: 'applied', revision: 2 });
    dataPlane.sets[1]!.version('shop', 'v3').began();
    expect(counters.blocks('version').map((block) => block.total(0))).toEqual([0, 1]);
  });

  it('goes on when a worker did not follow', async () => {
    const { controller, dataPlane, lines } = await open();
    await controller.apply(from(load()), 'start');
    dataPlane.ends.push(() => Promise.resolve({ applied: 1, total: 2 }));
    expect(await controller.apply(from(load({ weight: 20 })), 'file')).toMatchObject({
      result: 'applied',
      workers: { applied: 1, total: 2 },
    });
    expect(lines.at(-1)).toMatchObject({ level: 'warn', message: 'config applied, but not by every worker' });
    expect(await controller.apply(from(load({ version: 'v3' })), 'file')).toMatchObject({ result: 'applied', revision: 3 });
    dataPlane.sets[0]!.version('shop', 'v3');
  });

  it('refuses what passes the rules but does not compile', async () => {
    const { controller, dataPlane } = await open();
    const good = load();
    const broken = {
      ...good,
      config: {
        ...good.config!,
        routes: good.config!.routes.map((route) => ({ ...route, action: { kind: 'pool' as const, pool: 'gone', version: undefined } })),
      },
    };
    expect(await controller.apply(from(broken), 'file')).toMatchObject({ result: 'failed' });
    expect(dataPlane.updates).toEqual([]);
  });

  it('keeps the log bounded when everything is wrong', async () => {
    const { controller, lines } = await open();
    const problems = Array.from({ length: 500 }, (_, n) => ({ file: 'f', line: n + 1, column: 1, path: '', message: 'wrong' }));
    await controller.apply(from({ ...load(), config: undefined, problems }), 'file');
    expect(lines).toHaveLength(51);
    expect(lines[0]!.fields['problemCount']).toBe(500);
  });

  describe('discovery', () => {
    const named = () => decodeText('/etc/sluice.yaml', yaml().replace('127.0.0.1:9002', 'app.test:80'));
    const keysOf = ({ config }: { config: Update['config'] }) =>
      config.pools.flatMap(({ versions }) => versions.flatMap(({ endpoints }) => endpoints.map(({ key }) => key)));

    it('workers get what was discovered; the config stays as it was written', async () => {
      const { controller, dataPlane, discovery } = await open();
      discovery.known.set('app.test', ['10.0.0.1', '10.0.0.2']);
      await controller.apply(from(named()), 'start');
      expect(discovery.steps).toEqual(['prepare shop', 'settle shop']);
      expect(keysOf(dataPlane.updates[0]!)).toEqual(['127.0.0.1:9001', '10.0.0.1:80', '10.0.0.2:80']);
      for (const set of dataPlane.sets) set.endpoint('shop', 'v2', '10.0.0.2:80');
      expect(controller.config).toEqual(named().config);
      expect(await controller.apply(from(named()), 'file')).toEqual({ result: 'unchanged', revision: 1 });
    });

    it('a change of endpoints is handed on alone, with its counters, and is no revision', async () => {
      const { controller, dataPlane, discovery, lines } = await open();
      discovery.known.set('app.test', ['10.0.0.1']);
      await controller.apply(from(named()), 'start');
      lines.length = 0;
      discovery.known.set('app.test', ['10.0.0.2']);
      controller.rediscover();
      await settled();
      expect(dataPlane.endpoints).toHaveLength(1);
      const { versions, config } = dataPlane.endpoints[0]!;
      expect(versions.map(({ pool, version, endpoints }) => [pool, version, endpoints.map(({ key }) => key)])).toEqual([
        ['shop', 'v2', ['10.0.0.2:80']],
      ]);
      expect(keysOf({ config })).toEqual(['127.0.0.1:9001', '10.0.0.2:80']);
      expect([controller.revision, dataPlane.updates.length]).toEqual([1, 1]);
      for (const set of dataPlane.sets) {
        set.endpoint('shop', 'v2', '10.0.0.2:80');
        expect(() => set.endpoint('shop', 'v2', '10.0.0.1:80')).toThrow();
      }
      expect(lines).toEqual([
        {
          level: 'info',
          message: 'endpoints changed',
          fields: {
            pool: 'shop',
            version: 'v2',
            added: ['10.0.0.2:80'],
            removed: ['10.0.0.1:80'],
            addedCount: 1,
            removedCount: 1,
            total: 1,
          },
        },
      ]);
    });

    it('what changes nothing reaches nobody; many calls at once are one change', async () => {
      const { controller, dataPlane, discovery } = await open();
      controller.rediscover();
      await settled();
      discovery.known.set('app.test', ['10.0.0.1']);
      await controller.apply(from(named()), 'start');
      controller.rediscover();
      await settled();
      expect(dataPlane.endpoints).toHaveLength(0);
      discovery.known.set('app.test', ['10.0.0.2']);
      for (let call = 0; call < 10; call++) controller.rediscover();
      await settled();
      expect(dataPlane.endpoints).toHaveLength(1);
    });

    it('a change and a config follow each other, whichever comes first; the log lists ten names', async () => {
      const { controller, dataPlane, discovery, lines } = await open();
      discovery.known.set('app.test', ['10.0.0.1']);
      await controller.apply(from(named()), 'start');
      for (let round = 2; round < 12; round++) {
        discovery.known.set('app.test', [`10.0.0.${round}`]);
        controller.rediscover();
        await controller.apply(
          from(decodeText('/etc/sluice.yaml', yaml({ weight: round }).replace('127.0.0.1:9002', 'app.test:80'))),
          'file',
        );
        controller.rediscover();
      }
      discovery.known.set(
        'app.test',
        Array.from({ length: 30 }, (_, index) => `10.0.1.${index}`),
      );
      controller.rediscover();
      await settled();
      const [last] = dataPlane.endpoints.slice(-1);
      expect(keysOf(last!)).toHaveLength(31);
      expect(lines.at(-1)!.fields).toMatchObject({ addedCount: 30, removedCount: 1, total: 30 });
      expect(lines.at(-1)!.fields['added']).toHaveLength(10);
      expect(controller.revision).toBe(11);
    });

    it('after a worker has missed endpoints the next plan is complete', async () => {
      const { controller, dataPlane, discovery, counters } = await open();
      discovery.known.set('app.test', ['10.0.0.1']);
      await controller.apply(from(named()), 'start');
      dataPlane.ends.push(async () => {
        adoptPlan(dataPlane.sets[0]!, structuredClone(dataPlane.endpoints.at(-1)!.counters));
        return { applied: 1, total: 2 };
      });
      discovery.known.set('app.test', ['10.0.0.2']);
      controller.rediscover();
      await settled();
      dataPlane.sets[1] = new CounterSet(1);
      adoptPlan(dataPlane.sets[1], structuredClone(counters.complete()));
      discovery.known.set('app.test', ['10.0.0.3']);
      controller.rediscover();
      await settled();
      expect(dataPlane.endpoints.map(({ counters: plan }) => plan.follows === 0)).toEqual([false, true]);
      for (const set of dataPlane.sets) set.endpoint('shop', 'v2', '10.0.0.3:80');
    });

    it('a refused config leaves what is in force to be discovered', async () => {
      const { controller, dataPlane, discovery } = await open();
      await controller.apply(from(load()), 'start');
      dataPlane.ends.push(() => Promise.reject(new Error('taken')));
      expect(await controller.apply(from(named()), 'file')).toMatchObject({ result: 'failed' });
      expect(discovery.steps).toEqual(['prepare shop', 'settle shop', 'prepare shop', 'settle shop']);
    });

    it('once it is closed nothing reaches a worker, not even what waited for names', async () => {
      const { controller, dataPlane, discovery } = await open();
      await controller.apply(from(load()), 'start');
      let known: () => void = () => undefined;
      discovery.ready = new Promise((resolve) => (known = resolve));
      const waiting = controller.apply(from(named()), 'file');
      await settled();
      controller.close();
      known();
      expect(await waiting).toEqual({ result: 'superseded', revision: 1 });
      discovery.known.set('127.0.0.1', ['10.0.0.1']);
      controller.rediscover();
      await settled();
      expect([dataPlane.updates.length, dataPlane.endpoints.length]).toEqual([1, 0]);
    });
  });
});
