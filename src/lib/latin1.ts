// Latin1 text of bytes, the form in which heads are read and written: one character a byte, nothing lost.

/** Node's own primitive under `toString('latin1', …)`, without its argument handling; absent from the published types. */
interface Latin1Source {
  latin1Slice(from: number, to: number): string;
}

/** The bytes from `from` to `to` as text; both must lie inside the buffer. */
export function latin1(bytes: Buffer, from: number, to: number): string {
  return (bytes as unknown as Latin1Source).latin1Slice(from, to);
}
