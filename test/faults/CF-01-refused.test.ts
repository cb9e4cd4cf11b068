// CF-01: an endpoint refuses connections.

import { afterEach, expect, test } from 'vitest';
import { get, post } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { leavesNothing } from './leak-check.ts';
import { startMortals } from './mortal-upstream.ts';
import { at, poolsConfig, startRig, verdicts } from './rig.ts';
import { ends, kinds, startTraffic } from './traffic.ts';

afterEach(closeAll);

const OUTLIER = { consecutive: 5, interval: '300ms', ejection: '300ms', maxEjected: '50%' };

test('CF-01: one of three refuses: no request fails, it is ejected; all refuse: a definite error, and recovery', async () => {
  const mortals = await startMortals('a', 'b', 'c');
  const shop = { ...at(...mortals.map(({ address }) => address)), balancer: 'round-robin', outlier: OUTLIER };
  const rig = await startRig(poolsConfig({ shop }));
  const { sluice } = rig;
  sluice.expectLog(/endpoint ejected/);
  await leavesNothing(rig, async () => {
    const [victim, ...others] = mortals;
    const ejections = await sluice.metric('sluice_endpoint_ejections_total', { endpoint: victim!.address });
    const traffic = startTraffic(sluice, { request: (number) => get(`/${number}`) });
    await eventually('traffic', () => traffic.tally.sent > 100);
    await victim!.die();
    await eventually(
      'the ejection',
      async () => (await sluice.metric('sluice_endpoint_ejections_total', { endpoint: victim!.address })) > ejections,
    );
    // Nothing is sent to a connection that was refused: uploads go elsewhere, too.
    expect(await verdicts(rig, 20, post('/', 'x'.repeat(50_000)))).toEqual(['200']);
    const tally = await traffic.stop();
    expect(ends(tally)).toEqual({ 200: tally.sent });
    for (const other of others) await other.die();
    const dead = await verdicts(rig, 40);
    expect(
      dead.every((verdict) => ['502 connect_refused', '503 no_endpoint'].includes(verdict)),
      String(dead),
    ).toBe(true);
    for (const mortal of mortals) await mortal.live();
    await eventually('all well again', async () => (await sluice.metric('sluice_endpoint_ready')) === 3);
    const healed = startTraffic(sluice);
    await eventually('all three in use', () => mortals.every(({ requests }) => requests > 0) && healed.tally.sent > 60);
    expect(kinds(await healed.stop())).toEqual(['200']);
  });
});
