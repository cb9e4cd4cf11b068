// What the TLS of listeners is made of, read from the files that a config names. It touches the disk and judges; it keeps nothing.

import { open } from 'node:fs/promises';
import type { Config, ListenerConfig, ListenerTlsConfig } from '../../config/model.ts';
import type { Path } from '../../config/path.ts';
import { readAuthorities, readPair } from '../../tls/certificate.ts';
import type { CertificatePair } from '../../tls/certificate.ts';
import type { ListenerFiles } from '../ports.ts';

/** A chain of certificates takes some KiB; the authorities of a whole system some hundred. */
const MAX_FILE_BYTES = 1_048_576;

/** A file that cannot be used, at the place of the config that names it. */
export class TlsFileFault extends Error {
  override readonly name = 'TlsFileFault';
  readonly path: Path;
  readonly file: string;

  constructor(path: Path, file: string, message: string) {
    super(`${file} ${message}`);
    this.path = path;
    this.file = file;
  }
}

export interface ListenerTlsFiles extends ListenerFiles {
  readonly listener: string;
  /** In the order of the config. */
  readonly read: readonly { readonly certFile: string; readonly pair: CertificatePair }[];
}

/** All files that the listeners of a config name. */
export function tlsFilesOf({ listeners }: Pick<Config, 'listeners'>): readonly string[] {
  const files = listeners.flatMap(({ tls }) =>
    tls === undefined
      ? []
      : [...tls.certificates.flatMap((each) => [each.certFile, each.keyFile]), ...(tls.clientAuth ? [tls.clientAuth.caFile] : [])],
  );
  return [...new Set(files)];
}

/** Rejects with a `TlsFileFault` at the first file that cannot be used. */
export async function readTlsFiles({ listeners }: Pick<Config, 'listeners'>): Promise<readonly ListenerTlsFiles[]> {
  const found: ListenerTlsFiles[] = [];
  for (const [index, listener] of listeners.entries())
    if (listener.tls !== undefined) found.push(await readListener(listener, listener.tls, ['listeners', index, 'tls']));
  return found;
}

async function readListener(
  { name }: ListenerConfig,
  { certificates, clientAuth }: ListenerTlsConfig,
  path: Path,
): Promise<ListenerTlsFiles> {
  const read: { certFile: string; pair: CertificatePair }[] = [];
  for (const [index, { certFile, keyFile }] of certificates.entries()) {
    const at = [...path, 'certificates', index];
    const cert = await readText(certFile, [...at, 'certFile']);
    const key = await readText(keyFile, [...at, 'keyFile']);
    const pair = readPair(cert, key);
    if ('message' in pair)
      throw pair.file === 'cert'
        ? new TlsFileFault([...at, 'certFile'], certFile, pair.message)
        : new TlsFileFault([...at, 'keyFile'], keyFile, pair.message);
    read.push({ certFile, pair });
  }
  const clientAuthorities = clientAuth === undefined ? undefined : await readCa(clientAuth.caFile, [...path, 'clientAuth', 'caFile']);
  return { listener: name, read, certificates: read.map(({ pair: { cert, key } }) => ({ cert, key })), clientAuthorities };
}

async function readCa(file: string, path: Path): Promise<string> {
  const text = await readText(file, path);
  const authorities = readAuthorities(text);
  if (typeof authorities === 'string') throw new TlsFileFault(path, file, authorities);
  return text;
}

/** A pipe is refused: to read one would wait for ever. */
async function readText(file: string, path: Path): Promise<string> {
  try {
    const handle = await open(file, 'r');
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw new TlsFileFault(path, file, 'is not a file');
      if (found.size > MAX_FILE_BYTES) throw new TlsFileFault(path, file, `is larger than ${MAX_FILE_BYTES / 1024} KiB`);
      return await handle.readFile('latin1');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof TlsFileFault) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new TlsFileFault(path, file, 'is not there');
    if (code === 'EACCES' || code === 'EPERM') throw new TlsFileFault(path, file, 'may not be read by this user');
    throw new TlsFileFault(path, file, `cannot be read: ${message}`);
  }
}
