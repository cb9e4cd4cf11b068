// What an error of SQLite says about the world: the result codes of https://sqlite.org/rescode.html in three kinds.

/** busy: somebody else holds the lock. disk: the surroundings failed, and the file may be fine. damage: what is there is no store. */
export type FaultKind = 'busy' | 'disk' | 'damage';

const BUSY = [5, 6];
// PERM, NOMEM, IOERR, FULL, CANTOPEN, NOLFS, AUTH
const DISK = [3, 7, 10, 13, 14, 22, 23];
// Reads that end too early, a file system that finds a wrong checksum.
const DAMAGED_READS = [522, 8202, 8458];

/** Of anything thrown while a database is read: what is not known to be the disk's fault is damage, so that no start fails twice. */
export function kindOfFault(error: unknown): FaultKind {
  const { errcode, code } = error as { readonly errcode?: number; readonly code?: string };
  if (errcode === undefined) return code !== undefined && /^E[A-Z0-9]+$/.test(code) ? 'disk' : 'damage';
  // Extended codes carry the plain one in their low byte.
  const plain = errcode & 0xff;
  if (BUSY.includes(plain)) return 'busy';
  if (DAMAGED_READS.includes(errcode)) return 'damage';
  return DISK.includes(plain) ? 'disk' : 'damage';
}
