// JSON of any length, read in turns: `JSON.parse` of some megabytes holds a thread for a tenth of a second, so it gets a few items of a long
// map or list at a time.

import type { Pace } from './pace.ts';

/** In characters: so much is read or looked through at once. */
const RUN_LENGTH = 32 * 1024;

/** The value of a JSON text, as `JSON.parse` returns it; rejects with a SyntaxError where that throws one. */
export async function parseInTurns(text: string, pace: Pace): Promise<unknown> {
  if (text.length <= RUN_LENGTH) return JSON.parse(text);
  const [from, to] = [text.search(/[^ \t\r\n]/), text.trimEnd().length];
  if (!isContainer(text, from)) return JSON.parse(text);
  const reading = readContainer(text, from, to);
  for (;;) {
    const step = reading.next();
    if (step.done === true) return step.value;
    await pace.rest();
  }
}

/** Yields where there may be a rest. The map or list must begin at `from` and end before `to`. */
function* readContainer(text: string, from: number, to: number): Generator<void, unknown> {
  const isList = text[from] === '[';
  const value: Record<string, unknown> | unknown[] = isList ? [] : {};
  let runFrom = from + 1;
  for (let itemFrom = runFrom; ;) {
    const end = yield* endOfItem(text, itemFrom, to);
    const isLast = text[end] !== ',';
    const innerFrom = end - itemFrom > RUN_LENGTH ? startOfValue(text, itemFrom, isList) : end;
    if (isContainer(text, innerFrom)) {
      if (itemFrom > runFrom) take(value, text.slice(runFrom, itemFrom - 1));
      put(value, keyBefore(text, itemFrom, innerFrom), yield* readContainer(text, innerFrom, end));
      runFrom = end + 1;
    } else if (isLast ? runFrom > from + 1 || !isBlank(text.slice(runFrom, end)) : end - runFrom > RUN_LENGTH) {
      take(value, text.slice(runFrom, end));
      runFrom = end + 1;
      yield;
    }
    itemFrom = end + 1;
    if (!isLast) continue;
    if (text[end] !== (isList ? ']' : '}') || !isBlank(text.slice(itemFrom, to)))
      throw new SyntaxError('the JSON ends otherwise than it began');
    return value;
  }
}

/** Where the comma or the bracket behind an item is. */
function* endOfItem(text: string, from: number, to: number): Generator<void, number> {
  let depth = 0;
  let restAt = from + RUN_LENGTH;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at);
    else if (code === 0x7b || code === 0x5b) depth++;
    else if (code === 0x2c && depth === 0) return at;
    else if ((code === 0x7d || code === 0x5d) && depth-- === 0) return at;
    if (at < restAt) continue;
    restAt = at + RUN_LENGTH;
    yield;
  }
  throw new SyntaxError('the JSON ends too soon');
}

/** Where its closing quote is; beyond the text where there is none. */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === 0x5c) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}

/** Of an item: behind the key of one in a map. */
function startOfValue(text: string, from: number, isList: boolean): number {
  const start = startOfNext(text, from);
  return isList ? start : startOfNext(text, text.indexOf(':', endOfString(text, start)) + 1);
}

function startOfNext(text: string, from: number): number {
  let start = from;
  while (' \t\r\n'.includes(text.charAt(start)) && start < text.length) start++;
  return start;
}

function isContainer(text: string, at: number): boolean {
  return text[at] === '{' || text[at] === '[';
}

function keyBefore(text: string, itemFrom: number, innerFrom: number): string {
  const before = text.slice(itemFrom, innerFrom);
  return isBlank(before) ? '' : (Object.keys(JSON.parse(`{${before}0}`) as object)[0] ?? '');
}

/** Some items, with what is between them. */
function take(value: Record<string, unknown> | unknown[], run: string): void {
  if (isBlank(run)) throw new SyntaxError('an item is missing in the JSON');
  if (Array.isArray(value)) {
    for (const item of JSON.parse(`[${run}]`) as unknown[]) value.push(item);
    return;
  }
  const items = JSON.parse(`{${run}}`) as Record<string, unknown>;
  for (const key of Object.keys(items)) put(value, key, items[key]);
}

/** Defined, not assigned, where to assign would give the map another prototype. */
function put(value: Record<string, unknown> | unknown[], key: string, item: unknown): void {
  if (Array.isArray(value)) value.push(item);
  else if (key === '__proto__') Object.defineProperty(value, key, { value: item, writable: true, enumerable: true, configurable: true });
  else value[key] = item;
}

function isBlank(text: string): boolean {
  return !/[^ \t\r\n]/.test(text);
}
