// A certificate for the rivals that speak TLS: ECDSA P-256, made anew for each run.

import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';

export interface BenchCertificate {
  readonly certFile: string;
  readonly keyFile: string;
}

export function makeCertificate(dir: string): BenchCertificate {
  const [certFile, keyFile] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const subject = ['-subj', '/CN=bench.test', '-addext', 'subjectAltName=DNS:bench.test', '-days', '7'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const made = spawnSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', keyFile, '-out', certFile], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`openssl made no certificate:\n${made.stderr}`);
  // Workers of some rivals are another user.
  chmodSync(keyFile, 0o644);
  return { certFile, keyFile };
}
