// `sluice __complete`: the words that may come next, for the shells. It asks the running instance for names, waits at most 300 ms for
// it, and prints nothing when anything is wrong: a person is typing.

import type { Command, Option } from 'commander';
import type { PoolStatus } from '../api/pools.ts';
import { readAccess, type AccessOptions, type Environment } from './access.ts';
import { AdminClient, pathOf } from './admin-client.ts';
import { readResponse } from './read-response.ts';
import { SHELLS } from './completion.ts';
import { revisionsPath } from './revisions.ts';

const MAX_WAIT_MS = 300;
const MAX_REVISIONS = 20;

interface Typed {
  readonly command: Command | undefined;
  /** The names that lead to it: `override set`. */
  readonly name: string;
  /** Arguments that are complete. */
  readonly given: readonly string[];
  /** Of options with a value, by attribute name. */
  readonly values: Readonly<Record<string, string>>;
  /** The option whose value is being typed. */
  readonly awaiting: Option | undefined;
  readonly current: string;
}

/** @param words after the name of the program, up to the one that is being typed */
export async function complete(program: Command, words: readonly string[], env: Environment): Promise<readonly string[]> {
  const typed = readWords(program, words);
  const candidates = await candidatesFor(program, typed, env);
  return candidates.filter((candidate) => candidate.startsWith(typed.current));
}

async function candidatesFor(program: Command, typed: Typed, env: Environment): Promise<readonly string[]> {
  const { command, name, given, awaiting, current } = typed;
  if (awaiting !== undefined) return askNames(name, typed, env, awaiting);
  if (current.startsWith('-')) return [...(command ?? program).options.map(({ long }) => long ?? ''), '--help'];
  if (command === undefined) return visibleCommands(program).map((each) => each.name());
  if (command.commands.length > 0) return given.length === 0 ? visibleCommands(command).map((each) => each.name()) : [];
  if (name === 'completion') return given.length === 0 ? Object.keys(SHELLS) : [];
  return askNames(name, typed, env);
}

async function askNames(name: string, typed: Typed, env: Environment, option?: Option): Promise<readonly string[]> {
  const names = option === undefined ? ARGUMENTS[name] : VALUES[`${name} ${option.long ?? ''}`];
  if (names === undefined) return option?.argChoices ?? [];
  const { given } = typed;
  const client = openClient(typed.values, env);
  try {
    return client === undefined ? [] : await names(client, given);
  } catch {
    return [];
  }
}

type NamesOf = (client: AdminClient, given: readonly string[]) => Promise<readonly string[]>;

const ARGUMENTS: Readonly<Record<string, NamesOf | undefined>> = {
  status: (client, given) => (given.length === 0 ? poolNames(client) : nothing()),
  split: async (client, given) => {
    if (given.length === 0) return poolNames(client);
    const named = new Set(given.slice(1).map((weight) => weight.split('=', 1)[0]));
    return (await poolOf(client, given)).versions.filter(({ name }) => !named.has(name)).map(({ name }) => `${name}=`);
  },
  exchanges: async (client, given) => (given.length < 2 ? livingThings(client, given) : nothing()),
  drain: livingThings,
  resume: livingThings,
  mark: versionNames,
  markers: versionNames,
  'override list': (client, given) => (given.length === 0 ? poolNames(client) : nothing()),
  'override set': (client, given) => overrideNames(client, given),
  'override remove': (client, given) => overrideNames(client, given),
  'override clear': (client, given) => (given.length === 0 ? poolNames(client) : nothing()),
  'mirror list': (client, given) => (given.length === 0 ? poolNames(client) : nothing()),
  'mirror set': mirrorNames,
  'mirror remove': mirrorNames,
  'mirror clear': (client, given) => (given.length === 0 ? poolNames(client) : nothing()),
  'mirror report': mirrorNames,
  'mirror missed': mirrorNames,
  rollback: revisionNumbers,
  revisions: revisionNumbers,
};

/** Of options, by command and option. */
const VALUES: Readonly<Record<string, NamesOf | undefined>> = {
  'events --kind': () => Promise.resolve(['marker', 'refused', 'revision']),
  'override set --version': async (client, given) =>
    given.length === 0 ? [] : (await poolOf(client, given)).versions.map(({ name }) => name),
  'mirror set --to': mirrorTargets,
};

async function versionNames(client: AdminClient, given: readonly string[]): Promise<readonly string[]> {
  return given.length > 1 ? [] : livingThings(client, given);
}

async function overrideNames(client: AdminClient, given: readonly string[]): Promise<readonly string[]> {
  if (given.length === 0) return poolNames(client);
  return given.length > 1 ? [] : (await poolOf(client, given)).overrides.map(({ name }) => name);
}

async function mirrorNames(client: AdminClient, given: readonly string[]): Promise<readonly string[]> {
  if (given.length === 0) return poolNames(client);
  return given.length > 1 ? [] : (await poolOf(client, given)).mirrors.map(({ name }) => name);
}

/** Versions of the pool, then those of others. */
async function mirrorTargets(client: AdminClient, [owner]: readonly string[]): Promise<readonly string[]> {
  if (owner === undefined) return [];
  const { body } = await client.ask({ method: 'GET', path: pathOf('v1', 'pools') });
  const { pools } = readResponse('Pools', body);
  const own = pools.filter(({ name }) => name === owner).flatMap(({ versions }) => versions.map(({ name }) => name));
  const others = pools.filter(({ name }) => name !== owner);
  return [...own, ...others.flatMap(({ name, versions }) => [name, ...versions.map((version) => `${name}/${version.name}`)])];
}

async function livingThings(client: AdminClient, given: readonly string[]): Promise<readonly string[]> {
  if (given.length === 0) return poolNames(client);
  const { versions } = await poolOf(client, given);
  if (given.length === 1) return versions.map(({ name }) => name);
  const version = versions.find(({ name }) => name === given[1]);
  return given.length > 2 || version === undefined ? [] : version.endpoints.map(({ address }) => address);
}

async function revisionNumbers(client: AdminClient, given: readonly string[]): Promise<readonly string[]> {
  if (given.length > 0) return [];
  const { body } = await client.ask({ method: 'GET', path: revisionsPath({ limit: MAX_REVISIONS }) });
  return readResponse('Revisions', body).revisions.map(({ revision }) => String(revision));
}

async function poolNames(client: AdminClient): Promise<readonly string[]> {
  const { body } = await client.ask({ method: 'GET', path: pathOf('v1', 'pools') });
  return readResponse('Pools', body).pools.map(({ name }) => name);
}

async function poolOf(client: AdminClient, [pool = '']: readonly string[]): Promise<PoolStatus> {
  const { body } = await client.ask({ method: 'GET', path: pathOf('v1', 'pools', pool) });
  return readResponse('Pool', body);
}

function nothing(): Promise<readonly string[]> {
  return Promise.resolve([]);
}

function openClient(values: AccessOptions, env: Environment): AdminClient | undefined {
  try {
    return new AdminClient(readAccess(values, env), MAX_WAIT_MS);
  } catch {
    return undefined;
  }
}

function readWords(program: Command, words: readonly string[]): Typed {
  const [before, current] = [words.slice(0, -1), words.at(-1) ?? ''];
  const given: string[] = [];
  const values: Record<string, string> = {};
  const names: string[] = [];
  let command: Command | undefined;
  let awaiting: Option | undefined;
  for (const word of before) {
    if (awaiting !== undefined) {
      values[awaiting.attributeName()] = word;
      awaiting = undefined;
    } else if (word.startsWith('-')) {
      const [flag, value] = splitFlag(word);
      const option = (command ?? program).options.find(({ long, short }) => long === flag || short === flag);
      if (option !== undefined && value !== undefined) values[option.attributeName()] = value;
      else if (option?.required === true) awaiting = option;
    } else {
      const within: Command = command ?? program;
      const inner = given.length > 0 ? undefined : visibleCommands(within).find((each) => each.name() === word);
      if (inner !== undefined) names.push(inner.name());
      else if (command !== undefined) given.push(word);
      command = inner ?? command;
    }
  }
  return { command, name: names.join(' '), given, values, awaiting, current };
}

function splitFlag(word: string): readonly [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function visibleCommands(program: Command): readonly Command[] {
  return program.createHelp().visibleCommands(program);
}
