// Reads a response by the shapes of the contract: every text in it becomes safe to print, and a response of another shape ends the command
// with words in place of a stack. It judges kinds alone, so that a newer server may send members, words and ranges that are unknown here.
// It must never load zod: a person waits for the command.

import type { Read } from '../api/contract.ts';
import { SHAPES, type Shape } from '../api/shapes.ts';
import { EXIT, Failure } from './failure.ts';
import { isMap, own } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import { visible } from '../lib/visible.ts';

export type ResponseName = keyof typeof SHAPES;

/** Members that the contract does not know are dropped. @param maxTextLength longer texts are cut before they are looked through */
export function readResponse<Name extends ResponseName>(name: Name, body: unknown, maxTextLength = Infinity): Read<Name> {
  return read(SHAPES[name], body, 'the response', maxTextLength) as Read<Name>;
}

/** @param name of the value, for what is said when it has another kind */
function read(shape: Shape, value: unknown, name: string, maxLength: number): unknown {
  if (typeof shape !== 'string')
    return isList(shape) ? readList(shape, value, name, maxLength) : readMembers(shape, value, name, maxLength);
  switch (shape) {
    case 'any':
      return value;
    case 'text':
      // Another release may leave out a text or a flag; numbers, lists and objects show that this is the admin API.
      if (value === undefined) return '';
      return typeof value === 'string' ? visible(value.slice(0, maxLength)) : unexpected(`${name} is no text`);
    case 'flag':
      return value === true;
    case 'number':
      return typeof value === 'number' ? value : unexpected(`${name} is no number`);
    default:
      return read(SHAPES[shape as ResponseName], value, name, maxLength);
  }
}

function readList([item]: readonly [Shape], value: unknown, name: string, maxLength: number): unknown {
  if (!Array.isArray(value)) return unexpected(`${name} is no list`);
  return value.map((each: unknown) => read(item, each, `an item of ${name}`, maxLength));
}

function readMembers(shape: Readonly<Record<string, Shape>>, value: unknown, name: string, maxLength: number): unknown {
  if (!isMap(value)) return unexpected(`${name} is no object`);
  const any = shape['*'];
  if (any !== undefined) return readMap(any, value, maxLength);
  const members: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(shape)) {
    const member = key.endsWith('?') ? key.slice(0, -1) : key;
    const found = own(value, member);
    if (member === key || (found !== undefined && found !== null)) members[member] = read(inner, found, member, maxLength);
  }
  return members;
}

/** From entries, so that no name is special. */
function readMap(shape: Shape, value: Plain, maxLength: number): unknown {
  if (shape === 'any') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      const shown = visible(name.slice(0, maxLength));
      return [shown, read(shape, each, shown, maxLength)];
    }),
  );
}

function isList(shape: Exclude<Shape, string>): shape is readonly [Shape] {
  return Array.isArray(shape);
}

function unexpected(what: string): never {
  throw new Failure(EXIT.refused, `the response is not one of the admin API: ${what}`, [
    'Is it the admin address of Sluice, and not a listener with an application behind it? Is it of the same release as this command?',
  ]);
}
