// One interface, two generators: wrk where it is installed, autocannon everywhere.

import { isInstalled } from '../machine/children.ts';
import { autocannonGenerator } from './autocannon.ts';
import type { Generator } from './load.ts';
import { wrkGenerator } from './wrk.ts';

export function chooseGenerator(): Generator {
  return isInstalled('wrk') ? wrkGenerator : autocannonGenerator;
}
