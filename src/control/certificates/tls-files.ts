// What the TLS of listeners, versions and the admin API is made of, read from the files that a config names. It touches the disk and judges; it keeps nothing.

import { open } from 'node:fs/promises';
import type { AdminTlsConfig, Config, ListenerTlsConfig, VersionTlsConfig } from '../../config/model.ts';
import type { Path } from '../../config/path.ts';
import type { CertificatePair } from '../../tls/certificate.ts';
import type { Authorities, CertificateTexts, ListenerFiles, TlsUpdate, UpstreamFiles } from '../ports.ts';

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

/** A certificate of ours that is in use. */
export interface OwnCertificate {
  /** `listener web`, `version v1 of shop` or `the admin API`, for people. */
  readonly owner: string;
  /** In the words of the config. */
  readonly place: string;
  readonly certFile: string;
  readonly pair: CertificatePair;
}

export interface TlsFiles {
  readonly listeners: TlsUpdate['listeners'];
  readonly upstreams: readonly UpstreamFiles[];
  /** Of the admin API, for the control thread alone; undefined: it speaks plaintext. */
  readonly admin: ListenerFiles | undefined;
  readonly own: readonly OwnCertificate[];
}

export const NO_TLS_FILES: TlsFiles = { listeners: [], upstreams: [], admin: undefined, own: [] };

export type Certified = Pick<Config, 'listeners' | 'pools'> & { readonly admin: Pick<Config['admin'], 'tls'> };

/** Loaded where a config has TLS: most have none, and Node's certificates take memory. */
async function judge(): Promise<typeof import('../../tls/certificate.ts') & typeof import('../../tls/context-options.ts')> {
  return { ...(await import('../../tls/certificate.ts')), ...(await import('../../tls/context-options.ts')) };
}

/** All files that a config names for TLS. */
export function tlsFilesOf({ listeners, pools, admin }: Certified): readonly string[] {
  const files: string[] = [];
  for (const { tls } of [...listeners, admin]) {
    for (const { certFile, keyFile } of tls?.certificates ?? []) files.push(certFile, keyFile);
    if (tls?.clientAuth !== undefined) files.push(tls.clientAuth.caFile);
  }
  for (const { versions } of pools)
    for (const { tls } of versions) {
      if (tls?.caFile !== undefined) files.push(tls.caFile);
      if (tls?.certificate !== undefined) files.push(tls.certificate.certFile, tls.certificate.keyFile);
    }
  return [...new Set(files)];
}

/** Rejects with a `TlsFileFault` at the first file that cannot be used. */
export async function readTlsFiles({ listeners, pools, admin }: Certified): Promise<TlsFiles> {
  const round = new Round();
  const ofListeners: (ListenerFiles & { listener: string })[] = [];
  for (const [index, { name, tls }] of listeners.entries()) {
    if (tls === undefined) continue;
    const at = { owner: `listener ${name}`, place: `listeners.${name}.tls`, path: ['listeners', index, 'tls'] };
    ofListeners.push({ listener: name, ...(await round.served(tls, at)) });
  }
  const upstreams: UpstreamFiles[] = [];
  for (const { name: pool, versions } of pools)
    for (const { name: version, tls } of versions) if (tls !== undefined) upstreams.push(await round.upstream(pool, version, tls));
  return { listeners: ofListeners, upstreams, admin: admin.tls && (await round.served(admin.tls, ADMIN)), own: round.own };
}

/** Rejects with a `TlsFileFault`. */
export function readAdminTls(tls: AdminTlsConfig): Promise<ListenerFiles> {
  return new Round().served(tls, ADMIN);
}

/** The first file that cannot be used; undefined when there is none. */
export async function tlsFaultOf(served: Certified): Promise<TlsFileFault | undefined> {
  try {
    await readTlsFiles(served);
    return undefined;
  } catch (error) {
    if (error instanceof TlsFileFault) return error;
    throw error;
  }
}

/** Who uses files, and where the config says so. */
interface Place extends Pick<OwnCertificate, 'owner' | 'place'> {
  readonly path: Path;
}

const ADMIN: Place = { owner: 'the admin API', place: 'admin.tls', path: ['admin', 'tls'] };

/** One reading of the files: each is read and judged once, however many use it, and all of them have the same of it. */
class Round {
  readonly own: OwnCertificate[] = [];
  readonly #authorities = new Map<string, Authorities>();
  readonly #pairs = new Map<string, { readonly pair: CertificatePair; readonly texts: CertificateTexts }>();

  async upstream(pool: string, version: string, { caFile, certificate }: VersionTlsConfig): Promise<UpstreamFiles> {
    const path = ['pools', pool, 'versions', version, 'tls'];
    const authorities = caFile === undefined ? undefined : await this.#readAuthorities(caFile, [...path, 'caFile']);
    if (certificate === undefined) return { pool, version, authorities, certificate: undefined };
    const at = { owner: `version ${version} of ${pool}`, place: `pools.${pool}.versions.${version}.tls`, path: [...path, 'certificate'] };
    return { pool, version, authorities, certificate: await this.#readPair(certificate, at) };
  }

  async served(
    { certificates, clientAuth }: Pick<ListenerTlsConfig | AdminTlsConfig, 'certificates' | 'clientAuth'>,
    { owner, place, path }: Place,
  ): Promise<ListenerFiles> {
    const read: CertificateTexts[] = [];
    for (const [index, files] of certificates.entries())
      read.push(await this.#readPair(files, { owner, place, path: [...path, 'certificates', index] }));
    const clientAuthorities = clientAuth && (await this.#readAuthorities(clientAuth.caFile, [...path, 'clientAuth', 'caFile']));
    return { certificates: read, clientAuthorities };
  }

  async #readPair({ certFile, keyFile }: CertificateFiles, { owner, place, path }: Place): Promise<CertificateTexts> {
    const files = `${certFile}\n${keyFile}`;
    let known = this.#pairs.get(files);
    if (known === undefined) {
      const pair = await readCertificate({ certFile, keyFile }, path);
      this.#pairs.set(files, (known = { pair, texts: { cert: pair.cert, key: pair.key } }));
    }
    this.own.push({ owner, place, certFile, pair: known.pair });
    return known.texts;
  }

  async #readAuthorities(file: string, path: Path): Promise<Authorities> {
    let known = this.#authorities.get(file);
    if (known === undefined) this.#authorities.set(file, (known = { pem: await readCa(file, path) }));
    return known;
  }
}

interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

async function readCertificate({ certFile, keyFile }: CertificateFiles, path: Path): Promise<CertificatePair> {
  const cert = await readText(certFile, [...path, 'certFile']);
  const key = await readText(keyFile, [...path, 'keyFile']);
  const { readPair, refusalOf } = await judge();
  const pair = readPair(cert, key);
  if ('message' in pair && pair.file === 'key') throw new TlsFileFault([...path, 'keyFile'], keyFile, pair.message);
  // What OpenSSL refuses would end each worker that is handed it.
  const fault = 'message' in pair ? pair.message : refusalOf(pair);
  if (fault !== undefined) throw new TlsFileFault([...path, 'certFile'], certFile, fault);
  return pair as CertificatePair;
}

async function readCa(file: string, path: Path): Promise<string> {
  const text = await readText(file, path);
  const authorities = (await judge()).readAuthorities(text);
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
