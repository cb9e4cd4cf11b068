// Which codes can be counted where: those have a line in the exposition before they happen for the first time.

import { HANDSHAKE_CODES } from './handshakes.ts';
import { MIRROR_OUTCOMES } from './mirror-outcomes.ts';
import { OUTCOME, OUTCOMES } from './outcomes.ts';
import type { Outcome } from './outcomes.ts';
import { HTTP2_FAULT_CODES } from './http2-faults.ts';
import { PASSTHROUGH_CODES } from './passthroughs.ts';
import { PROXY_HEADER_CODES } from './proxy-headers.ts';
import { TUNNEL_ENDS } from './tunnel-ends.ts';
import type { Code } from './samples.ts';

/** All of them, under one label. */
export function codesOf(label: string, names: readonly string[]): readonly Code[] {
  return names.map((name) => ({ labels: { [label]: name }, isExpected: true }));
}

/** Reading and routing a request end it before there is an attempt. */
const BEFORE_ATTEMPTS: ReadonlySet<Outcome> = new Set([
  ...[OUTCOME.replied, OUTCOME.header_too_large, OUTCOME.uri_too_long, OUTCOME.expectation_failed, OUTCOME.not_implemented],
  ...[OUTCOME.version_not_supported, OUTCOME.no_route, OUTCOME.no_endpoint, OUTCOME.loop_detected, OUTCOME.too_many_proxies],
  ...[OUTCOME.tls_not_spoken, OUTCOME.tls_expected, OUTCOME.misdirected, OUTCOME.authority_not_allowed],
]);

export const ATTEMPT_CODES: readonly Code[] = OUTCOMES.map((outcome) => ({
  labels: { outcome: outcome.code },
  isExpected: !BEFORE_ATTEMPTS.has(outcome),
}));

/** Requests that are sound, and are turned away all the same. */
const REFUSED_BY_US: ReadonlySet<Outcome> = new Set([OUTCOME.overload, OUTCOME.loop_detected, OUTCOME.too_many_proxies]);

export const REFUSAL_CODES: readonly Code[] = OUTCOMES.map((outcome) => ({
  labels: { outcome: outcome.code },
  isExpected: (outcome.source === 'downstream' && outcome !== OUTCOME.downstream_closed) || REFUSED_BY_US.has(outcome),
}));

export const HANDSHAKE_RESULTS: readonly Code[] = HANDSHAKE_CODES.map((result) => ({ labels: { result }, isExpected: false }));

export const PROXY_HEADER_RESULTS: readonly Code[] = PROXY_HEADER_CODES.map((result) => ({ labels: { result }, isExpected: false }));

export const HTTP2_FAULTS: readonly Code[] = HTTP2_FAULT_CODES.map((reason) => ({ labels: { reason }, isExpected: false }));

export const PASSTHROUGH_RESULTS: readonly Code[] = PASSTHROUGH_CODES.map((result) => ({ labels: { result }, isExpected: false }));

/** Most pools never have a tunnel. */
export const TUNNEL_CODES: readonly Code[] = TUNNEL_ENDS.map(({ code }) => ({ labels: { reason: code }, isExpected: false }));

export const TUNNEL_DIRECTIONS: readonly Code[] = ['in', 'out'].map((direction) => ({ labels: { direction }, isExpected: false }));

export const MIRROR_CODES: readonly Code[] = codesOf(
  'outcome',
  MIRROR_OUTCOMES.map(({ code }) => code),
);
