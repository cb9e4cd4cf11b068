// How many processors the system lets this process use: the quota of its cgroup, of version 1 as of version 2. Each cgroup above it may
// have one as well, and the smallest holds.

import { readFileSync } from 'node:fs';

/** A hierarchy that may limit processors, and where this process is in it. */
interface Hierarchy {
  readonly version: 1 | 2;
  /** Where it is mounted. */
  readonly mount: string;
  /** Of the process's cgroup below the mount, such as `/app/sluice`; empty at the top. */
  readonly path: string;
}

const MAX_DEPTH = 64;

/** In processors, such as 1.5; undefined where nothing limits them. `root` is `/` but in tests. */
export function cpuLimit(root = '/'): number | undefined {
  const quotas = findHierarchies(root).flatMap((hierarchy) => quotasOf(hierarchy, root));
  return quotas.length === 0 ? undefined : Math.min(...quotas);
}

/** How many workers `auto` means: whole processors, at least one. */
export function workersFor(processors: number, limit: number | undefined): number {
  return Math.max(1, Math.min(processors, Math.floor(limit ?? processors)));
}

/** Of the cgroup and of all above it that can be seen. */
function quotasOf({ version, mount, path }: Hierarchy, root: string): readonly number[] {
  const quotas: number[] = [];
  let at = path;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const quota = (version === 2 ? quotaV2 : quotaV1)(`${root}${mount.slice(1)}${at}`);
    if (quota !== undefined) quotas.push(quota);
    if (at === '') break;
    at = at.slice(0, at.lastIndexOf('/'));
  }
  return quotas;
}

/** `max 100000`, or `150000 100000`: microseconds in each period. */
function quotaV2(folder: string): number | undefined {
  const [quota, period] = (readText(`${folder}/cpu.max`) ?? '').trim().split(' ');
  return share(Number(quota), Number(period));
}

/** A quota of -1 is none. */
function quotaV1(folder: string): number | undefined {
  return share(Number(readText(`${folder}/cpu.cfs_quota_us`) ?? -1), Number(readText(`${folder}/cpu.cfs_period_us`) ?? 0));
}

function share(quota: number, period: number): number | undefined {
  return quota > 0 && period > 0 ? quota / period : undefined;
}

function findHierarchies(root: string): readonly Hierarchy[] {
  const groups = (readText(`${root}proc/self/cgroup`) ?? '').split('\n').map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line));
  const pathOf = (isOurs: (controllers: readonly string[]) => boolean): string | undefined =>
    groups.find((group) => group !== null && isOurs(group[1]!.split(',')))?.[2];
  const paths = { 1: pathOf((controllers) => controllers.includes('cpu')), 2: pathOf(([first]) => first === '') };
  return (readText(`${root}proc/self/mountinfo`) ?? '').split('\n').flatMap((line): Hierarchy[] => {
    const found = readMount(line);
    const path = found && paths[found.version];
    return found === undefined || path === undefined ? [] : [{ version: found.version, mount: found.mount, path: below(found.root, path) }];
  });
}

/** `32 31 0:29 /root /mount rw - cgroup cgroup rw,cpu`; undefined where it is no cgroup that limits processors. */
function readMount(line: string): { readonly version: 1 | 2; readonly root: string; readonly mount: string } | undefined {
  const [place = '', system = ''] = line.split(' - ');
  const [, , , root = '', mount = ''] = place.split(' ').map(withoutEscapes);
  const [type, , options = ''] = system.split(' ');
  if (!mount.startsWith('/')) return undefined;
  if (type === 'cgroup2') return { version: 2, root, mount: mount === '/' ? '' : mount };
  return type === 'cgroup' && options.split(',').includes('cpu') ? { version: 1, root, mount } : undefined;
}

/** A container may see its own cgroup at the top, under a path that it does not see: then the top is where it is. */
function below(root: string, path: string): string {
  const top = root === '/' ? '' : root;
  if (path !== top && !path.startsWith(`${top}/`)) return '';
  const rest = path.slice(top.length);
  return rest === '/' || rest.split('/').includes('..') ? '' : rest;
}

/** Blanks and the like stand as `\040` in mountinfo. */
function withoutEscapes(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
