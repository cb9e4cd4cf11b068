import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runExplain, type ExplainOptions } from '../../../src/cli/explain.ts';

const YAML = `
listeners: [{ name: web, address: 127.0.0.1:8080 }, { name: other, address: 127.0.0.1:8081 }]
pools:
  shop:
    versions:
      v1: { endpoints: [127.0.0.1:9001] }
      v2: { endpoints: [127.0.0.1:9002] }
    split: { v1: 95, v2: 5 }
    mirrors:
      - { name: dark, version: v2, percent: 50 }
      - { name: next, pool: engine, fraction: 1/3, match: { paths: [{ prefix: /cart }] } }
      - { name: writes, pool: engine, version: e2, match: { methods: [POST] }, sideEffects: allow }
    overrides: [{ name: qa, header: { name: x-version, value: v2 }, version: v2 }]
  engine:
    versions:
      e1: { endpoints: [127.0.0.1:9003] }
      e2: { endpoints: [127.0.0.1:9004] }
    split: { e1: 1, e2: 1 }
routes:
  - { name: shop, listeners: [web], hosts: [shop.example.com], pool: shop }
`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-explain-'));
  writeFileSync(join(folder, 'good.yaml'), YAML);
  writeFileSync(join(folder, 'bad.yaml'), YAML.replace('pool: shop', 'pool: shops'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(more: Partial<ExplainOptions> = {}, file = 'good.yaml') {
  let text = '';
  const options = { config: join(folder, file), method: 'get', url: 'http://shop.example.com/cart?x=1', headers: [], json: false, ...more };
  const sink = { write: (chunk: string) => (text += chunk) };
  const status = runExplain(options, { out: sink, err: sink });
  return { status, text };
}

describe('runExplain', () => {
  it('says it in words', () => {
    const { status, text } = run();
    expect(status).toBe(0);
    expect(text).toContain('request  GET shop.example.com/cart on listener web\n');
    expect(text).toContain('route    shop\npool     shop\nversion  v1 95 %, v2 5 %\nreason   weight\n');
  });

  it('says which mirrors copy it, to whom, and why', () => {
    const { text } = run();
    expect(text).toContain(
      [
        'mirrors',
        '  - dark to v2: 47.5 % copied. Chance decides, because pool shop has no affinity: 50 % of the requests that fit are copied; none of those that v2 gets itself (5 %).',
        '  - next to engine as it splits: 33.33 % copied. Chance decides, because pool shop has no affinity: 33.33 % of the requests that fit are copied.',
        '  - writes to engine/e2: not copied. Its match does not fit: the method GET is not among its methods.',
        '',
      ].join('\n'),
    );
  });

  it('prints JSON, takes header fields, and Host for a path alone', () => {
    const { status, text } = run({ json: true, url: '/cart', headers: ['Host: shop.example.com', 'X-Version:v2'] });
    expect(status).toBe(0);
    expect(JSON.parse(text)).toMatchObject({
      route: 'shop',
      pool: 'shop',
      version: 'v2',
      reason: 'override',
      override: 'qa',
      authority: 'shop.example.com',
    });
  });

  it('a request that no route takes is explained as well', () => {
    expect(run({ listener: 'other' })).toMatchObject({ status: 0, text: expect.stringContaining('404 no_route') as string });
  });

  it('a config with a Problem: its place, exit 1', () => {
    const { status, text } = run({}, 'bad.yaml');
    expect(status).toBe(1);
    expect(text).toMatch(/bad\.yaml:\d+:\d+: .*shops/);
    expect(run({}, 'absent.yaml').status).toBe(1);
  });

  it.each([
    [{ url: 'shop.example.com/cart' }, 'is neither a URL'],
    [{ url: 'ftp://a/b' }, 'is neither a URL'],
    [{ url: '/a b' }, 'is neither a URL'],
    [{ headers: ['no colon'] }, 'is no header'],
    [{ headers: ['a: b\r\nc: d'] }, 'is no header'],
    [{ listener: 'absent' }, 'there is no listener "absent" (there are web, other)'],
  ])('a malformed question: %j', (more, message) => {
    const { status, text } = run(more);
    expect(status).toBe(2);
    expect(text).toContain(message);
  });
});
