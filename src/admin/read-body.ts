// Bodies of calls: strict JSON (or YAML where a call accepts it), judged by a schema, with faults located in the text that was sent. A text that
// would cost too much is refused before it is parsed.

import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { problemsOf } from '../config/issues.ts';
import { show } from '../config/path.ts';
import type { Merged } from '../config/merge.ts';
import type { ChangeProblem } from '../api/problem.ts';
import { measured } from './cpu-use.ts';
import type { Charge } from './cpu-use.ts';
import { boundsFault, placeAt, readPlaces } from './json-text.ts';
import type { JsonPlaces } from './json-text.ts';
import { HttpProblem } from './problem-reply.ts';
import { letGo, receiveBody } from './receive-body.ts';

export const JSON_TYPE = 'application/json';
export const YAML_TYPE = 'application/yaml';
/** RFC 9512 names the first one; the others were in use before. */
const YAML_TYPES = [YAML_TYPE, 'application/x-yaml', 'text/yaml', 'text/x-yaml'];

/** What is left in `request.body` of JSON. */
export interface SentBody {
  readonly text: string;
  readonly value: unknown;
}

/** Faults of viewers in longer texts are not located: what they ask about is short. */
const MAX_LOCATED_FOR_VIEWERS = 4 * 1024;
const MAX_LOCATED_LENGTH = 256 * 1024;
const MAX_PROBLEMS = 100;
/** Longer ones are read elsewhere, and need not be decoded here. */
const MAX_SHORT_BYTES = 16 * 1024;

/** Accepts JSON alone, until `takeYaml`. */
export function takeJson(app: FastifyInstance, charge: Charge): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(JSON_TYPE, async (request: FastifyRequest, payload: IncomingMessage) => {
    const bytes = await receiveText(request, payload);
    return measured(charge, request, () => readJson(textOf(bytes)));
  });
}

/** JSON is YAML: what a config says is neither decoded nor parsed here, in whichever of the two it comes. */
export function takeYaml(app: FastifyInstance): void {
  app.removeContentTypeParser(JSON_TYPE);
  app.addContentTypeParser([JSON_TYPE, ...YAML_TYPES], receiveText);
}

/** The text of a body that must be there; of a long one its bytes, which are UTF-8. */
export function readText(request: FastifyRequest): string | Uint8Array {
  const bytes = request.body as Uint8Array | undefined;
  if (bytes !== undefined && bytes.length > MAX_SHORT_BYTES) return bytes;
  const text = bytes === undefined ? '' : textOf(bytes);
  if (text.trim() === '') throw malformed([{ path: '', message: 'a body is needed' }]);
  return text;
}

/**
 * The body as `schema` decodes it; without a body, an empty map. Throws an HttpProblem (400) with all its faults.
 * @param judged returns what is judged in place of the value that was sent
 */
export function readBody<T>(schema: z.ZodType<T>, request: FastifyRequest, judged: (value: unknown) => unknown = asItIs): T {
  const { text, value } = (request.body as SentBody | undefined) ?? EMPTY;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed([{ path: '', line: 1, column: 1, message: 'the body must be a map' }]);
  const places = readPlaces(text);
  const { repeated } = places;
  if (repeated !== undefined)
    throw malformed([{ path: repeated.path, ...repeated.place, message: `the key ${show(repeated.key)} is already there` }]);
  const decoded = schema.safeParse(judged(value));
  if (decoded.success) return decoded.data;
  const most = request.role === 'viewer' ? MAX_LOCATED_FOR_VIEWERS : MAX_LOCATED_LENGTH;
  const merged = asMerged(value, text.length > most ? undefined : places);
  throw malformed(problemsOf(decoded.error.issues.slice(0, MAX_PROBLEMS), merged, 'body').slice(0, MAX_PROBLEMS).map(placed));
}

function asItIs(value: unknown): unknown {
  return value;
}

/** For a route that takes no body. */
export function refuseBody(request: FastifyRequest): void {
  if (request.body !== undefined) throw malformed([{ path: '', message: 'this call takes no body: give the reason as ?reason=' }]);
}

const EMPTY: SentBody = { text: '{}', value: {} };

function malformed(problems: readonly ChangeProblem[]): HttpProblem {
  return new HttpProblem(400, 'The body is not what this call takes.', { problems });
}

async function receiveText(request: FastifyRequest, payload: IncomingMessage): Promise<Uint8Array> {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(request.headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8') throw new HttpProblem(415, 'A body must be UTF-8.');
  const bytes = await receiveBody(request, payload);
  if (isUtf8(bytes)) return bytes;
  letGo(bytes.buffer);
  throw malformed([{ path: '', message: 'the body is not UTF-8' }]);
}

/** Its bytes are gone afterwards. */
function textOf(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  letGo(bytes.buffer);
  return text;
}

/** Some clients announce JSON and send nothing. */
function readJson(text: string): SentBody | undefined {
  if (text === '') return undefined;
  const fault = boundsFault(text);
  if (fault !== undefined) throw malformed([{ path: '', message: fault }]);
  try {
    // Code that copies the map would drop such a name, or worse.
    const value: unknown = text.includes('__') || text.includes('\\u') ? JSON.parse(text, refuseProto) : JSON.parse(text);
    return { text, value };
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    if (error instanceof ForbiddenKey) throw malformed([{ path: '', message }]);
    throw malformed([{ path: '', ...placeIn(text, message), message: `not valid JSON: ${shortened(message)}` }]);
  }
}

/** V8 tells the position of most faults. */
function placeIn(text: string, message: string): Pick<ChangeProblem, 'line' | 'column'> {
  const position = / at position ([0-9]+)/.exec(message)?.[1];
  return position === undefined ? {} : placeAt(text, Number(position));
}

class ForbiddenKey extends Error {}

function refuseProto(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new ForbiddenKey('"__proto__" cannot be a key');
  return value;
}

function asMerged(value: object, places: JsonPlaces | undefined): Merged {
  const place: Merged['place'] = (path, side) => ({ file: '', ...(places?.place(path, side) ?? NOWHERE) });
  return { value: value as Merged['value'], problems: [], place };
}

const NOWHERE = { line: 0, column: 0 };

function placed({ path, line, column, message }: Required<ChangeProblem>): ChangeProblem {
  return line === 0 ? { path, message } : { path, line, column, message };
}

function shortened(message: string): string {
  return message.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, 200);
}
