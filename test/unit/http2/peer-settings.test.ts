// Settings of a peer: what they set, and which values no peer may send.

import { expect, it } from 'vitest';
import { FLOW_CONTROL_ERROR, NO_ERROR, PROTOCOL_ERROR } from '../../../src/http2/error-codes.ts';
import { writeSettings } from '../../../src/http2/frame-writer.ts';
import { DEFAULT_WINDOW, PeerSettings } from '../../../src/http2/peer-settings.ts';

function take(settings: PeerSettings, ...entries: readonly (readonly [id: number, value: number])[]): number {
  const into = Buffer.alloc(9 + 6 * entries.length);
  return settings.take(into, 9, writeSettings(into, 0, entries));
}

it('have defaults until they are said', () => {
  expect(new PeerSettings(false)).toMatchObject({
    headerTableSize: 4096,
    maxConcurrentStreams: 0xffff_ffff,
    initialWindowSize: DEFAULT_WINDOW,
    maxFrameSize: 16_384,
    maxHeaderListSize: 0xffff_ffff,
    enableConnectProtocol: false,
  });
});

it('are taken one after the other, the last one counts, and unknown ones are passed over', () => {
  const settings = new PeerSettings(true);
  expect(take(settings, [1, 0], [3, 7], [4, 0x7fff_ffff], [5, 0xff_ffff], [6, 9], [8, 1], [9, 1], [2, 0], [0x4a4a, 5], [3, 8])).toBe(
    NO_ERROR,
  );
  expect(settings).toMatchObject({
    headerTableSize: 0,
    maxConcurrentStreams: 8,
    initialWindowSize: 0x7fff_ffff,
    maxFrameSize: 0xff_ffff,
    maxHeaderListSize: 9,
    enableConnectProtocol: true,
  });
  expect(take(settings, [1, 0xffff_ffff])).toBe(NO_ERROR);
  expect(settings.headerTableSize).toBe(0xffff_ffff);
});

it.each([
  [2, 2, false, PROTOCOL_ERROR, 'bad ENABLE_PUSH'],
  [2, 1, true, PROTOCOL_ERROR, 'bad ENABLE_PUSH'],
  [4, 0x8000_0000, false, FLOW_CONTROL_ERROR, 'bad INITIAL_WINDOW_SIZE'],
  [5, 16_383, false, PROTOCOL_ERROR, 'bad MAX_FRAME_SIZE'],
  [5, 0x100_0000, false, PROTOCOL_ERROR, 'bad MAX_FRAME_SIZE'],
  [8, 2, true, PROTOCOL_ERROR, 'bad ENABLE_CONNECT_PROTOCOL'],
  [9, 2, false, PROTOCOL_ERROR, 'bad NO_RFC7540_PRIORITIES'],
])('may not set %i to %i (by a server: %s)', (id, value, isServer, code, reason) => {
  const settings = new PeerSettings(isServer);
  expect(take(settings, [3, 1], [id, value], [3, 2])).toBe(code);
  expect(settings).toMatchObject({ reason, maxConcurrentStreams: 1 });
});

it('allow push where a client asks for it, though there will be none', () => {
  expect(take(new PeerSettings(false), [2, 1])).toBe(NO_ERROR);
});

it('may not take extended CONNECT back', () => {
  const settings = new PeerSettings(true);
  expect(take(settings, [8, 0], [8, 1])).toBe(NO_ERROR);
  expect(take(settings, [8, 0])).toBe(PROTOCOL_ERROR);
});
