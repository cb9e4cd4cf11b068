// Whether other users may write to a file or a folder.

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;

/** Somebody else than its owner and root. A group that is the user's own, by the custom of one for each user, is nobody else. */
export function isOpenToOthers({ mode, gid }: { readonly mode: number; readonly gid: number }): boolean {
  return (mode & OTHERS_WRITE) !== 0 || ((mode & GROUP_WRITES) !== 0 && !isOwnGroup(gid));
}

function isOwnGroup(gid: number): boolean {
  return gid === process.getegid?.() && gid === process.geteuid?.();
}
