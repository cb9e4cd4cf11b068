// Certificates that end soon, for `status` and the log. Pure.

import type { Finding } from '../../api/overview.ts';
import type { OwnCertificate } from './tls-files.ts';

const DAY_MS = 86_400_000;
/** A notice so long before the end: people need some days to renew it, and programs that renew have failed by then. */
const NOTICE_MS = 30 * DAY_MS;

export function certificateFindings(certificates: readonly OwnCertificate[], wallMs: number): readonly Finding[] {
  return certificates.flatMap(({ owner, place, certFile, pair }): readonly Finding[] => {
    const left = pair.notAfterMs - wallMs;
    if (pair.notBeforeMs > wallMs) {
      const message = `The certificate ${certFile} of ${owner} is not valid before ${day(pair.notBeforeMs)}: its peers refuse it.`;
      return [{ severity: 'error', code: 'certificate-early', place, message }];
    }
    if (left <= 0) {
      const message = `The certificate ${certFile} of ${owner} has ended on ${day(pair.notAfterMs)}: its peers refuse it.`;
      return [{ severity: 'error', code: 'certificate-expired', place, sinceMs: pair.notAfterMs, message }];
    }
    if (left >= NOTICE_MS) return [];
    const days = Math.floor(left / DAY_MS);
    const when = days === 0 ? 'in less than a day' : days === 1 ? 'in one day' : `in ${days} days`;
    const message = `The certificate ${certFile} of ${owner} ends ${when}, on ${day(pair.notAfterMs)}.`;
    return [{ severity: 'warning', code: 'certificate-ends', place, message }];
  });
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
