// Numbers of the protocol are those that nghttp2 knows.

import { constants } from 'node:http2';
import { expect, it } from 'vitest';
import * as codes from '../../../src/http2/error-codes.ts';
import * as settings from '../../../src/http2/peer-settings.ts';

const KNOWN = constants as unknown as Readonly<Record<string, number | string>>;

it('codes of errors', () => {
  const {
    NO_ERROR,
    PROTOCOL_ERROR,
    INTERNAL_ERROR,
    FLOW_CONTROL_ERROR,
    SETTINGS_TIMEOUT,
    STREAM_CLOSED,
    FRAME_SIZE_ERROR,
    REFUSED_STREAM,
    CANCEL,
    COMPRESSION_ERROR,
    CONNECT_ERROR,
    ENHANCE_YOUR_CALM,
    INADEQUATE_SECURITY,
    HTTP_1_1_REQUIRED,
  } = codes;
  const ours = { NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR };
  const more = { REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY, HTTP_1_1_REQUIRED };
  for (const [name, code] of Object.entries({ ...ours, ...more })) expect([name, code]).toEqual([name, KNOWN[`NGHTTP2_${name}`]]);
});

it('identifiers of settings', () => {
  const {
    SETTINGS_HEADER_TABLE_SIZE,
    SETTINGS_ENABLE_PUSH,
    SETTINGS_MAX_CONCURRENT_STREAMS,
    SETTINGS_INITIAL_WINDOW_SIZE,
    SETTINGS_MAX_FRAME_SIZE,
    SETTINGS_MAX_HEADER_LIST_SIZE,
    SETTINGS_ENABLE_CONNECT_PROTOCOL,
    SETTINGS_NO_RFC7540_PRIORITIES,
  } = settings;
  const ours = { SETTINGS_HEADER_TABLE_SIZE, SETTINGS_ENABLE_PUSH, SETTINGS_MAX_CONCURRENT_STREAMS, SETTINGS_INITIAL_WINDOW_SIZE };
  const more = { SETTINGS_MAX_FRAME_SIZE, SETTINGS_MAX_HEADER_LIST_SIZE, SETTINGS_ENABLE_CONNECT_PROTOCOL };
  for (const [name, id] of Object.entries({ ...ours, ...more })) expect([name, id]).toEqual([name, KNOWN[`NGHTTP2_${name}`]]);
  // RFC 9218, which Node has no name for.
  expect(SETTINGS_NO_RFC7540_PRIORITIES).toBe(9);
});
