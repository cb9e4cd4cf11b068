// Links of notifications: what a hook tells of them, and what somebody is told who opens or uses one.

import { afterEach, expect, it } from 'vitest';
import type { RolloutView } from '../../../../src/api/rollouts.ts';
import type { AdminLinksConfig } from '../../../../src/config/model.ts';
import { Links, linesOf } from '../../../../src/control/rollouts/links.ts';
import type { AskedLink, LinkView } from '../../../../src/control/rollouts/rollouts-api.ts';
import { linkFindings } from '../../../../src/control/rollouts/rollout-findings.ts';
import { followLink, viewLink } from '../../../../src/control/rollouts/use-link.ts';
import type { UseLinkDeps } from '../../../../src/control/rollouts/use-link.ts';
import { showAll } from '../../../../src/control/rollouts/show-group.ts';
import type { Occasion, OccasionAction } from '../../../../src/rollout/occasion.ts';
import { Together, World, begun } from '../../rollout/fakes.ts';

const URL_BASE = 'https://sluice.internal:9901/ops';
const GATE = { steps: [{ weight: '5%' }, { approve: { atMost: '2s' } }, { weight: '50%', for: '1h' }, { weight: '100%' }] };
/** Wall time of the fakes, in seconds. */
const NOW = 2_000_000;

let settings: AdminLinksConfig | undefined;
let wallMs = NOW;
afterEach(() => void ((settings = { url: URL_BASE, forMs: 60_000 }), (wallMs = NOW)));
settings = { url: URL_BASE, forMs: 60_000 };

function linksWith(key: Buffer | undefined = Buffer.alloc(32, 7)): Links {
  return new Links({ key: { get: () => key ?? Buffer.alloc(32), known: () => key }, settings: () => settings, wallMs: () => wallMs });
}

function askedBy(address: string): AskedLink {
  const [rollout = '', action = '', code = ''] = address.slice(`${URL_BASE}/links/`.length).split('/');
  return { rollout, action, code };
}

function settled(written: object = GATE): World {
  const world = new World(begun(written));
  world.settle();
  return world;
}

/** Over worlds without a store or a clock of their own. */
function desk(worlds: readonly World[], links = linksWith()): UseLinkDeps {
  const states = () => worlds.map(({ state }) => state);
  const command: ReturnType<UseLinkDeps['shelf']['run']> = {
    command: async (asked: never, faultOf: (now: ReturnType<typeof states>) => string | undefined) => {
      const fault = faultOf(states());
      if (fault !== undefined) return fault;
      const refusals = worlds.flatMap((world) => world.ask(asked) ?? []);
      for (const world of worlds) world.settle();
      return refusals[0] ?? states();
    },
  } as never;
  return {
    links,
    shelf: { withMember: (id) => (states().some((state) => state.id === id) ? states() : undefined), run: () => command },
    show: (): RolloutView => showAll(states(), undefined, () => ({ perSecond: 0, wallMs })),
    wallMs: () => wallMs,
  };
}

function told(
  world: World,
  moment: Occasion['moment'] = 'approve',
  links = linksWith(),
): Readonly<Partial<Record<OccasionAction, string>>> {
  return links.told(world.state, moment)!.links;
}

it('tells addresses below the configured one, until when they work, and the same as lines of a text', () => {
  const found = linksWith().told(settled().state, 'approve')!;
  expect(found).toEqual({
    links: {
      approve: expect.stringMatching(/^https:\/\/sluice\.internal:9901\/ops\/links\/r1\/approve\/approve\.0\.1\.2060\.[0-9a-f]{32}$/),
      abort: expect.stringMatching(/^https:\/\/sluice\.internal:9901\/ops\/links\/r1\/abort\/approve\.0\.1\.2060\.[0-9a-f]{32}$/),
    },
    linksUntil: '1970-01-01T00:34:20.000Z',
    noApproveLink: undefined,
  });
  expect(linesOf(found)).toEqual([`Approve: ${found.links.approve}`, `Abort: ${found.links.abort}`]);
});

it('tells none where nobody is asked, and where the config has none; those from before do not work then', () => {
  const world = settled();
  const { approve } = told(world);
  for (const moment of ['start', 'step', 'promote', 'endpoint', 'rollback', 'hold', 'end'] as const)
    expect(linksWith().told(world.state, moment)).toBeUndefined();
  settings = undefined;
  expect([linksWith().told(world.state, 'approve'), linesOf(undefined)]).toEqual([undefined, []]);
  expect(viewLink(desk([world]), askedBy(approve!))).toBeUndefined();
});

it('tells why there is none that approves where it matters who does, and lets nobody pass by another one', async () => {
  const world = settled({ steps: [{ approve: { notStarter: true } }, { weight: '5%', for: '1h' }] });
  const links = linksWith();
  const found = links.told(world.state, 'approve')!;
  const why =
    'No link approves: this step takes the approval of somebody other than ann, who started the rollout, and a link does not say who opens it.';
  expect([Object.keys(found.links), found.noApproveLink, linesOf(found)[0]]).toEqual([['abort'], why, why]);
  const abort = askedBy(found.links.abort!);
  expect(await followLink(desk([world], links), { ...abort, action: 'approve' }, '')).toBeUndefined();
  expect(world.state.step).toBe(0);
});

it('shows what it would do, and changes nothing', () => {
  const world = settled();
  const before = world.state;
  const shown = viewLink(desk([world]), askedBy(told(world).approve!));
  expect(shown).toMatchObject({
    is: 'open',
    action: 'approve',
    untilMs: 2_060_000,
    text: 'The rollout goes on to step 3 of 4: 50 % for 1h.',
  });
  expect(viewLink(desk([world]), askedBy(told(world).abort!))!.text).toBe(
    'The rollout ends, and the weights are as before it: v1 100, v2 0, v3 7.',
  );
  expect(world.state).toBe(before);
});

it('approves once, in the name of the link, and says so from then on', async () => {
  const world = settled();
  const { approve, abort } = told(world);
  const all = desk([world]);
  const done = (await followLink(all, askedBy(approve!), 'Ann, seen')) as LinkView;
  expect(done).toMatchObject({ is: 'done', action: 'approve', text: 'The step is approved.', rollout: { step: 2 } });
  expect(world.state.history.map(({ what, author }) => [what, author])).toContainEqual([
    'approved by link of rollout r1 (approve): Ann, seen',
    'link of rollout r1 (approve)',
  ]);
  const used = 'This link was used: approved at 1970-01-01 00:33:20 UTC: Ann, seen.';
  for (const again of [viewLink(all, askedBy(approve!)), await followLink(all, askedBy(approve!), 'again')])
    expect(again).toMatchObject({ is: 'over', text: used });
  expect(await followLink(all, askedBy(abort!), '')).toMatchObject({
    is: 'over',
    text: 'It is decided already: approved by link of rollout r1 (approve) at 1970-01-01 00:33:20 UTC: Ann, seen.',
  });
  expect(world.state.step).toBe(2);
});

it('of two at the same time one does it', async () => {
  const world = settled();
  const { approve, abort } = told(world);
  const outcomes = await Promise.all([approve, abort, approve].map((address) => followLink(desk([world]), askedBy(address!), '')));
  expect(outcomes.map((outcome) => (outcome as LinkView).is)).toEqual(['done', 'over', 'over']);
  expect(world.state.status).toBe('running');
});

it('does nothing after its time, nor where somebody else decided, the rollout went on, or is forgotten', async () => {
  const world = settled();
  const approve = askedBy(told(world).approve!);
  wallMs = NOW + 60_000;
  expect(await followLink(desk([world]), approve, '')).toMatchObject({
    is: 'over',
    text: 'This link worked until 1970-01-01 00:34:20 UTC.',
  });
  expect(world.state.step).toBe(1);
  wallMs = NOW;
  world.ask({ kind: 'abort', author: 'ci', reason: 'no' });
  expect(viewLink(desk([world]), approve)!.text).toBe('It is decided already: aborted by ci at 1970-01-01 00:33:20 UTC: no.');
  const alone = settled({ steps: [{ approve: { atMost: '2s', onTimeout: 'continue' } }, { weight: '5%', for: '1h' }] });
  const address = askedBy(told(alone).approve!);
  alone.pass(3000);
  expect(await followLink(desk([alone]), address, '')).toMatchObject({
    is: 'over',
    text: 'The rollout has moved on by itself, and waits for this decision no more.',
  });
  const gone = { ...desk([]), show: () => undefined };
  expect(await followLink(gone, approve, '')).toMatchObject({ is: 'over', text: 'The rollout is on record no more.', rollout: undefined });
});

it('resumes and aborts what is held, and aborts no second time: that would go back to a cold baseline', async () => {
  const written = { steps: [{ weight: '60%', until: 'evidence', atMost: '2s' }, { weight: '100%' }] };
  const held = (): World => {
    const world = settled(written);
    world.pass(3000);
    return world;
  };
  const one = held();
  const resume = askedBy(told(one, 'hold').resume!);
  expect(viewLink(desk([one]), resume)!.text).toBe('The rollout goes on with this step, whose time of 2s begins anew.');
  expect(await followLink(desk([one]), resume, '')).toMatchObject({ is: 'done', text: 'The rollout is resumed.' });
  one.pass(3000);
  expect(one.state.held).toBe('timeout');
  expect(await followLink(desk([one]), resume, '')).toMatchObject({
    is: 'over',
    text: expect.stringContaining('This link was used: resumed'),
  });
  expect(one.state.held).toBe('timeout');

  const two = held();
  two.see({ readyEndpoints: { baseline: 0, canary: 4, baselineTotal: 4, canaryTotal: 4 } });
  const abort = askedBy(told(two, 'hold').abort!);
  expect(await followLink(desk([two]), abort, '')).toMatchObject({ is: 'done' });
  expect(two.state).toMatchObject({ status: 'held', held: 'cold' });
  expect(await followLink(desk([two]), abort, '')).toMatchObject({ is: 'over' });
  expect([two.state.status, two.state.wanted['v2']]).toEqual(['held', 60]);
});

it('of several pools decides for all, and each of their links is over then', async () => {
  const group = new Together(GATE, { shop: {}, cart: {} });
  group.settle();
  const [shop, cart] = group.worlds as [World, World];
  const all: UseLinkDeps = {
    ...desk(group.worlds),
    shelf: {
      withMember: () => group.each((state) => state),
      run: (id) =>
        id === 'g-1' ? ({ command: async (asked: never, faultOf: never) => commandAll(group, asked, faultOf) } as never) : undefined,
    },
  };
  const [first, second] = [askedBy(told(shop).approve!), askedBy(told(cart).approve!)];
  expect([first.rollout, second.rollout]).toEqual(['shop-1', 'cart-1']);
  expect(await followLink(all, first, '')).toMatchObject({ is: 'done', rollout: { id: 'g-1' } });
  expect(group.each(({ step }) => step)).toEqual([2, 2]);
  expect(await followLink(all, second, '')).toMatchObject({ is: 'over', text: expect.stringContaining('This link was used: approved') });
});

function commandAll(group: Together, asked: never, faultOf: (states: readonly World['state'][]) => string | undefined): unknown {
  const refusal = faultOf(group.each((state) => state)) ?? group.ask(asked);
  group.settle();
  return refusal ?? group.each((state) => state);
}

it('knows no link before a key was made', () => {
  const world = settled();
  const address = askedBy(told(world).approve!);
  const none = new Links({ key: { get: () => Buffer.alloc(32), known: () => undefined }, settings: () => settings, wallMs: () => wallMs });
  expect(viewLink(desk([world], none), address)).toBeUndefined();
});

it('tells what the store would not keep', async () => {
  const world = settled();
  const failing = {
    ...desk([world]),
    shelf: { withMember: () => [world.state], run: () => ({ command: () => Promise.reject(new Error('no space')) }) as never },
  };
  expect(await followLink(failing, askedBy(told(world).approve!), '')).toEqual({ result: 'failed', message: 'no space' });
});

it('is a finding where the key cannot be kept', () => {
  expect(linkFindings(undefined)).toEqual([]);
  const [found] = linkFindings('EROFS: read-only file system');
  expect(found).toMatchObject({
    severity: 'warning',
    code: 'rollout-links',
    message: expect.stringMatching(/until this process ends.*EROFS: read-only file system\.$/),
  });
});
