// The config in force as text, made once for each revision and type, however many ask for it.

import type { Config } from '../config/model.ts';
import { showConfig, showInTurns, withoutVariables } from '../config/print.ts';
import { jsonPieces, yamlPieces } from '../config/print-pieces.ts';
import type { YAML_TYPE } from './read-body.ts';
import { Pace, joinInTurns } from '../lib/pace.ts';
import { JSON_TYPE } from './read-body.ts';

type Printed = Map<string, Promise<Buffer>>;

/** Gone with the Config. */
const printed = new WeakMap<Config, Printed>();

export function printedConfig(config: Config, type: typeof JSON_TYPE | typeof YAML_TYPE): Promise<Buffer> {
  let texts = printed.get(config);
  if (texts === undefined) printed.set(config, (texts = new Map()));
  let text = texts.get(type);
  if (text !== undefined) return text;
  text = print(config, type);
  texts.set(type, text);
  return text;
}

async function print(config: Config, type: typeof JSON_TYPE | typeof YAML_TYPE): Promise<Buffer> {
  await showInTurns(config, new Pace());
  const written = showConfig(config);
  return joinInTurns(type === JSON_TYPE ? jsonPieces(written, withoutVariables) : yamlPieces(written));
}
