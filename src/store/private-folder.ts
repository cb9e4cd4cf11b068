// What is kept steers traffic: a user who can write to its folder can steer, and can make Sluice write elsewhere by a link.

import { lstatSync, statSync } from 'node:fs';
import { isOpenToOthers } from '../lib/open-to-others.ts';

/** A place that others could tamper with; `fix` says what to do. */
export class OpenToOthers extends Error {
  override readonly name = 'OpenToOthers';
  /** As errors of the system have one: nothing there is damaged. */
  readonly code = 'EOPEN';
  readonly fix: string;

  constructor(message: string, fix: string) {
    super(message);
    this.fix = fix;
  }
}

/** @throws OpenToOthers when somebody else than its owner and root may write to the folder */
export function expectPrivateFolder(dir: string): void {
  const found = statSync(dir);
  if (!isOpenToOthers(found)) return;
  const shown = (found.mode & 0o7777).toString(8).padStart(4, '0');
  throw new OpenToOthers(
    `others may write there (mode ${shown})`,
    `take that right away (chmod go-w ${dir}), or name a folder below it, which will be private: state: { dir: ${dir}/state }`,
  );
}

/** @throws OpenToOthers when there is something under that name that is no file of its own, such as a link to another */
export function expectOwnFile(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || (found.isFile() && found.nlink === 1)) return;
  const what = found.isSymbolicLink()
    ? 'a link, and links are not followed there'
    : found.isFile()
      ? 'a file with a second name'
      : 'no file';
  throw new OpenToOthers(`${path} is ${what}`, 'remove it, or set another state.dir');
}
