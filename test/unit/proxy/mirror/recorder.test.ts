import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { wallMs } from '../../../../src/lib/clock.ts';
import { RecordMemory } from '../../../../src/proxy/mirror/response-record.ts';
import { Recorder } from '../../../../src/proxy/mirror/recorder.ts';
import { TapGroup } from '../../../../src/proxy/mirror/response-tap.ts';
import type { ResponseTap } from '../../../../src/proxy/mirror/response-tap.ts';
import type { RecordedBody, Attempted, RecordedExchange } from '../../../../src/compare/mirrored-exchange.ts';
import { get } from '../../../flow/scaffold/client.ts';
import { eventually } from '../../../flow/scaffold/eventually.ts';
import { closeAll, open } from '../../../flow/scaffold/open.ts';
import { responding, ok, startUpstream } from '../../../flow/scaffold/upstream.ts';
import type { Upstream } from '../../../flow/scaffold/upstream.ts';
import { Wire } from '../../../flow/scaffold/wire.ts';
import { askAt, startMirrored } from './mirrored-proxy.ts';
import type { MirroredParts } from './mirrored-proxy.ts';

afterEach(closeAll);

const NOTHING: ResponseTap = {
  wantsSecondary: false,
  onHead: () => undefined,
  onBody: () => undefined,
  onPrimaryEnd: () => undefined,
  onCopyEnd: () => undefined,
};
const BOUNDS = { bodyBytes: 100, responseBytes: 1_048_576 };

async function startRecording(parts: Partial<MirroredParts>, wantsSecondary = false) {
  const memory = new RecordMemory();
  const recorded: (RecordedExchange | undefined)[] = [];
  let ends = 0;
  const proxy = await startMirrored({ primary: [], shadow: [], compare: {}, ...parts });
  const onRecorded = (one: RecordedExchange | undefined): void => void recorded.push(one);
  proxy.context.shadows.createTap = (mirror, shadow, copied) => {
    const parts = { mirror, version: shadow.name, copied, atMs: wallMs(), wantsSecondary, bounds: BOUNDS, memory, onRecorded };
    return new TapGroup([new Recorder(parts), { ...NOTHING, onPrimaryEnd: () => void ends++, onCopyEnd: () => void ends++ }]);
  };
  return { ...proxy, memory, recorded, ended: (count: number) => eventually('the ends', () => ends === count) };
}

const responding200 = (body: string): Promise<Upstream> => startUpstream(responding(() => ok(body, 'x-a: 1')));

function bodyOf(attempted: Attempted | undefined): RecordedBody | undefined {
  return attempted?.outcome === 'ok' ? attempted.response.body : undefined;
}

function textOf(attempted: Attempted | undefined): string {
  const body = bodyOf(attempted);
  return body?.kind === 'whole' ? Buffer.from(body.bytes).toString() : (body?.kind ?? attempted?.outcome ?? 'nothing');
}

describe('what is handed over', () => {
  test('all responses to a request, once, when the last has ended', async () => {
    const [primary, other, shadow] = [await responding200('one'), await responding200('two'), await responding200('three')];
    const parts = { primary: [primary.address, other.address], shadow: [shadow.address] };
    const { port, recorded, memory, faults } = await startRecording(parts, true);
    const { body } = await askAt(port, get('/a?b=c'));
    await eventually('the record', () => recorded.length > 0);
    const { exchange, ...around } = recorded[0]!;
    expect(around).toEqual({ pool: 'shop', mirror: 'dark', version: 'v2' });
    expect(exchange).toMatchObject({ target: '/a?b=c' });
    expect(textOf(exchange.primary)).toBe(body);
    expect([textOf(exchange.primary), textOf(exchange.secondary)].toSorted()).toEqual(['one', 'two']);
    expect(textOf(exchange.candidate)).toBe('three');
    expect(exchange.primary).toMatchObject({ response: { status: 200, fields: expect.stringContaining('x-a: 1\r\n') as string } });
    expect(memory.bytes).toBe(0);
    expect(recorded).toHaveLength(1);
    expect(faults).toEqual([]);
  });

  test('a large body as its digest', async () => {
    const [primary, shadow] = [await responding200('x'.repeat(101)), await responding200('y')];
    const { port, recorded } = await startRecording({ primary: [primary.address], shadow: [shadow.address] });
    await askAt(port, get('/'));
    await eventually('the record', () => recorded.length > 0);
    expect(bodyOf(recorded[0]!.exchange.primary)).toMatchObject({ kind: 'digest', length: 101 });
  });

  test('a candidate that responds without end, as far as it was read', async () => {
    const [primary, shadow] = [await responding200('x'), await responding200('y'.repeat(5000))];
    const mirror = { limits: { response: '1KiB' } };
    const { port, recorded } = await startRecording({ primary: [primary.address], shadow: [shadow.address], mirror });
    await askAt(port, get('/'));
    await eventually('the record', () => recorded.length > 0);
    expect(recorded[0]!.exchange.candidate).toMatchObject({ outcome: 'ok', response: { status: 200 } });
  });

  test('failures of the candidate, and then the primary alone while the breaker is open', async () => {
    const [primary, shadow] = [await responding200('x'), await responding200('y')];
    const { port, recorded } = await startRecording({ primary: [primary.address], shadow: [shadow.address] });
    await shadow.stopListening();
    for (let n = 1; n <= 6; n++) {
      await askAt(port, get('/'));
      await eventually('its record', () => recorded.length === n);
    }
    const candidates = recorded.map((one) => one!.exchange.candidate?.outcome);
    expect(candidates).toEqual([...Array<string>(5).fill('connect_refused'), undefined]);
    expect(recorded.every((one) => one!.exchange.primary.outcome === 'ok')).toBe(true);
  });

  test('a failure of the primary', async () => {
    const primary = await startUpstream(async (wire) => {
      await wire.readMessage();
      wire.reset();
    });
    const shadow = await responding200('y');
    const { port, recorded } = await startRecording({
      primary: [primary.address],
      shadow: [shadow.address],
      pool: { retries: { attempts: 0 } },
    });
    expect((await askAt(port, get('/'))).status).toBe(502);
    await eventually('the record', () => recorded.length > 0);
    expect(recorded[0]!.exchange.primary).toEqual({ outcome: 'upstream_reset' });
    expect(textOf(recorded[0]!.exchange.candidate)).toBe('y');
  });
});

describe('what is not', () => {
  test('an exchange whose client went away', async () => {
    const primary = await startUpstream(async (wire) => void (await wire.readMessage()));
    const shadow = await responding200('y');
    const mirror = { onAbort: 'finish' };
    const { port, recorded, memory, ended } = await startRecording({ primary: [primary.address], shadow: [shadow.address], mirror });
    const wire = open(new Wire(connect(port, '127.0.0.1')));
    await wire.write(get('/'));
    await eventually('the copy', () => shadow.bytes > 0 && primary.bytes > 0);
    await wire.close();
    await ended(2);
    expect(recorded).toEqual([]);
    expect(memory.bytes).toBe(0);
  });

  test('what finds no room, but that it did not is told', async () => {
    const [primary, shadow] = [await responding200('x'.repeat(50)), await responding200('y')];
    const { port, recorded, memory } = await startRecording({ primary: [primary.address], shadow: [shadow.address] });
    memory.bytes = 16 * 1024 * 1024 - 20;
    await askAt(port, get('/'));
    await eventually('the record', () => recorded.length > 0);
    expect(recorded).toEqual([undefined]);
    expect(memory.bytes).toBe(16 * 1024 * 1024 - 20);
  });
});
