// The config that was served last, from the state folder: for a start whose own config has Problems.

import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readAmendments } from '../../config/amend.ts';
import type { Amendment } from '../../config/amend.ts';
import { decodeFitting, readFiles } from '../../config/decode.ts';
import { withPresentKeys, withPresentPaths } from '../../config/former-keys.ts';
import type { FileRead } from '../../config/decode.ts';
import { isFault } from '../../config/fault.ts';
import type { Config } from '../../config/model.ts';
import { isMap } from '../../lib/plain.ts';
import type { Plain } from '../../lib/plain.ts';
import { printWritten } from '../../config/print.ts';
import { removeAmendments } from '../../config/remove-amendments.ts';
import type { Store } from '../../store/store.ts';
import { unpackText } from '../packed-text.ts';

export interface LastGood {
  /** Stands for the file until that is valid again: what the API changed lies over it as it did. */
  readonly read: FileRead;
  readonly config: Config;
  readonly revision: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/**
 * Where the state is when the config cannot say it: as it says, as far as that can be read, else `state` beside it.
 * Undefined when there is no such folder.
 * @param named in place of both
 */
export function findStateFolder(configPath: string, read: FileRead, named: string | undefined): string | undefined {
  const beside = folderOf(resolve(configPath));
  const said = read.document?.value['state'];
  const dir = isMap(said) && typeof said['dir'] === 'string' ? said['dir'] : 'state';
  const folder = named === undefined ? resolve(beside, dir) : resolve(named);
  return existsSync(folder) ? folder : undefined;
}

/** The newest revision that is kept; undefined when there is none that is valid today. */
export async function findLastGood(store: Store, configPath: string): Promise<LastGood | undefined> {
  const latest = await store.latest();
  if (latest === undefined) return undefined;
  const written = withPresentKeys(JSON.parse(await unpackText(latest.written)));
  const amendments = readAmendments(withPresentPaths(JSON.parse(latest.amendments)));
  if (!isMap(written)) return undefined;
  const { number: revision, atMs } = latest;
  const attempts: (readonly Amendment[])[] = isFault(amendments) ? [[]] : [amendments, []];
  for (const tried of attempts) {
    const read = readPlain(configPath, removeAmendments(written, tried));
    const { config } = decodeFitting(read, tried);
    if (config !== undefined) return { read, config, revision, atMs };
  }
  return undefined;
}

/** Paths of files in it are relative to the folder of the config. */
function readPlain(configPath: string, written: Plain): FileRead {
  const path = resolve(configPath);
  return readFiles([{ file: join(folderOf(path), 'last-known-good.yaml'), text: printWritten(written) }]);
}

function folderOf(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : dirname(path);
}
