// Compares the response of the candidate, or the secondary response, with the primary's: status, header fields, body.

import { joinField } from '../http/header-block.ts';
import { compareJson } from './compare-json.ts';
import type { ComparisonRules } from './comparison-rules.ts';
import type { Comparison, Difference, Uncompared } from './difference.ts';
import { NO_DIFFERENCE } from './difference.ts';
import type { FieldNode } from './field-node.ts';
import type { Content, DecodedBody } from './decoded-body.ts';
import { BodyLength } from './show-value.ts';

const STATUS = 'status';
const BODY = 'body';

/** `fields` is what `plantFields(rules)` made; it may serve any number of comparisons. */
export function compareResponses(primary: DecodedBody, other: DecodedBody, rules: ComparisonRules, fields: FieldNode): Comparison {
  const [left, right] = [primary.response.status, other.response.status];
  // An error page has nothing in common with what it stands for: to list all of its fields would hide the one fact.
  if (left !== right) return found([plain(STATUS, 'status', [left, right])]);
  const headers = compareHeaders(primary, other, rules.headers);
  const body = compareBodies(primary, other, rules, fields);
  if (headers.length === 0) return body;
  return { ...body, differences: [...headers, ...body.differences] };
}

function compareHeaders(primary: DecodedBody, other: DecodedBody, names: readonly string[]): readonly Difference[] {
  const differences: Difference[] = [];
  for (const name of names) {
    const [left, right] = [primary, other].map(({ response }) => normalise(name, joinField(response.fields, name)));
    if (left !== right) differences.push(plain(`header:${name}`, 'header', [left, right]));
  }
  return differences;
}

function compareBodies(primary: DecodedBody, other: DecodedBody, rules: ComparisonRules, fields: FieldNode): Comparison {
  if (fields.isIgnored || areSameBytes(primary, other)) return NO_DIFFERENCE;
  if (primary.isCut || other.isCut) return compareCut(primary, other);
  const [left, right] = [primary.content, other.content];
  if (left.kind === 'unread' || right.kind === 'unread') return compareDigests(primary, other, [left, right]);
  if (left.kind === 'json' && right.kind === 'json') {
    const finds = compareJson(left.value, right.value, fields, rules.limits);
    return { differences: finds.differences(), isCutShort: finds.isCutShort, uncompared: undefined };
  }
  if (left.kind !== right.kind) return found([plain(BODY, 'type', [left.kind, right.kind])]);
  if (left.kind === 'text' && right.kind === 'text') {
    if (left.text === right.text) return NO_DIFFERENCE;
    // A text has no fields that could be told apart: where anything must not be shown, nothing of it is.
    const shown = rules.redacts ? [lengthOf(primary), lengthOf(other)] : [left.text, right.text];
    return found([plain(BODY, 'text', shown)]);
  }
  const [a, b] = [left, right].map((content) => (content.kind === 'bytes' ? content.bytes : new Uint8Array()));
  return Buffer.compare(a!, b!) === 0 ? NO_DIFFERENCE : found([plain(BODY, 'bytes', [a, b])]);
}

/** Of a body that was not read to its end only this is known: it is longer than what was read. */
function compareCut(primary: DecodedBody, other: DecodedBody): Comparison {
  if (primary.isCoded || other.isCoded || (primary.isCut && other.isCut)) return uncompared('cut');
  const [cut, whole] = primary.isCut ? [primary, other] : [other, primary];
  if (whole.length > cut.length) return uncompared('cut');
  return found([plain(BODY, 'bytes', [lengthOf(primary), lengthOf(other)])]);
}

/** Bodies that were too large to keep. Coded ones that differ may still stand for the same: nothing can be said. */
function compareDigests(primary: DecodedBody, other: DecodedBody, contents: readonly Content[]): Comparison {
  if (primary.isCoded === other.isCoded && primary.length === other.length && primary.digest === other.digest) return NO_DIFFERENCE;
  const [left, right] = contents.map((content) => (content.kind === 'unread' ? content.reason : undefined));
  // The primary's body can be read, and the other's cannot or is out of all proportion: that is a result, too.
  if (left === undefined && (right === 'corrupt' || right === 'bomb')) return found([plain(BODY, 'type', [contents[0]!.kind, right])]);
  const refused = [left, right].find((reason) => reason !== undefined && reason !== 'digest');
  if (refused !== undefined) return uncompared(refused);
  if (primary.isCoded || other.isCoded) return uncompared('digest');
  return found([plain(BODY, 'bytes', [lengthOf(primary), lengthOf(other)])]);
}

function areSameBytes(primary: DecodedBody, other: DecodedBody): boolean {
  const [left, right] = [primary.response, other.response];
  if (left.body.kind !== 'whole' || right.body.kind !== 'whole') return false;
  if (left.body.bytes.length !== right.body.bytes.length) return false;
  // The same bytes under another coding are not the same content.
  if (joinField(left.fields, 'content-encoding') !== joinField(right.fields, 'content-encoding')) return false;
  return Buffer.compare(left.body.bytes, right.body.bytes) === 0;
}

function lengthOf({ length, isCut }: DecodedBody): BodyLength {
  return new BodyLength(length, isCut ? 'more' : 'exact');
}

/** Media types and their parameters differ in spelling between servers that mean the same (RFC 9110, section 8.3.1). */
function normalise(name: string, value: string | undefined): string | undefined {
  return name === 'content-type' ? value?.toLowerCase().replace(/[\t "]/g, '') : value;
}

function plain(path: string, kind: Difference['kind'], [primary, other]: readonly [unknown, unknown] | readonly unknown[]): Difference {
  return { path, kind, primary, other, isRedacted: false };
}

function found(differences: readonly Difference[]): Comparison {
  return { differences, isCutShort: false, uncompared: undefined };
}

function uncompared(reason: Uncompared): Comparison {
  return { differences: [], isCutShort: false, uncompared: reason };
}
