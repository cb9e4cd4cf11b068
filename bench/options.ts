// The command line of the bench.

import { parseArgs } from 'node:util';
import { RIVALS } from './rivals/all.ts';

export const SCENARIO_NAMES = [
  'small',
  'large',
  'upload',
  'routes',
  'mirrors',
  'tls',
  'tls-large',
  'handshakes',
  'resumed',
  'h2',
  'h2-single',
  'h2-large',
  'h2-tls',
  'tunnels',
  'idle',
  'open-tunnels',
] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

export interface Options {
  /** Empty = all. */
  readonly only: readonly string[];
  readonly scenarios: readonly ScenarioName[];
  /** Length of one round. */
  readonly seconds: number;
  readonly rounds: number;
  /** 0 = what the scenario says. */
  readonly connections: number;
  /** Where the JSON goes besides bench/results/; empty = nowhere. */
  readonly json: string;
  readonly installHelp: boolean;
}

export const USAGE = `npm run bench -- [options]
  --only NAMES        rivals, by comma: ${RIVALS.map((rival) => rival.name).join(', ')}
  --scenario NAMES    by comma: ${SCENARIO_NAMES.join(', ')}
  --seconds N         length of one round (2)
  --rounds N          rounds per rival, interleaved (5)
  --connections N     connections of the generator, or idle connections (by scenario)
  --json FILE         write the results there too
  --install-help      which rivals are here and how to get the others`;

/** Throws an Error with a message for the user. */
export function parseOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: text,
      scenario: text,
      seconds: text,
      rounds: text,
      connections: text,
      json: text,
      'install-help': { type: 'boolean' },
    },
  });
  return {
    only: names(
      values.only,
      RIVALS.map((rival) => rival.name),
    ),
    scenarios: values.scenario === undefined ? SCENARIO_NAMES : names(values.scenario, SCENARIO_NAMES),
    seconds: positive('--seconds', values.seconds, 2),
    rounds: positive('--rounds', values.rounds, 5),
    connections: positive('--connections', values.connections, 0),
    json: values.json ?? '',
    installHelp: values['install-help'] ?? false,
  };
}

function names<Name extends string>(value: string | undefined, known: readonly Name[]): readonly Name[] {
  return (value ?? '')
    .split(',')
    .filter((name) => name !== '')
    .map((name) => {
      const found = known.find((each) => each === name);
      if (found === undefined) throw new Error(`"${name}" is none of ${known.join(', ')}`);
      return found;
    });
}

function positive(option: string, value: string | undefined, absent: number): number {
  if (value === undefined) return absent;
  if (!/^[1-9]\d*$/.test(value)) throw new Error(`${option} takes a whole number above 0, not "${value}"`);
  return Number(value);
}
