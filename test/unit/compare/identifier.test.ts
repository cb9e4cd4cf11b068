import { describe, expect, it } from 'vitest';
import { looksLikeId } from '../../../src/compare/identifier.ts';

describe('looksLikeId', () => {
  it.each(
    (
      '1 -7 12.5 2026-11-21 550e8400-e29b-41d4-a716-446655440000 9f1c-44 deadbeef01 0xdeadbeef1 ord_8fj2k3l4m5 cus_NffrFeUfNV2Hib eyJhbGciOiJIUzI1NiJ9 ' +
      'clh3x2k9d0000qzrmn831i7rn V1StGXR8Z5jdHi6BmyT a@b alice@shop.example 01ARZ3NDEKTSV4RRFFQ69G5FAV'
    ).split(' '),
  )('%s does', (name) => {
    expect(looksLikeId(name)).toBe(true);
  });

  it.each(
    (
      'a id v1 v2 items updatedAt addressLine2Formatted line_address12 total_amount90days revenue_q1_total_of_2024 sha256 oauth2 utf8 check-out ' +
      'deadbeef internationalization2 getUserProfileV2Settings x-request-id h264 _links $ref'
    ).split(' '),
  )('%s does not', (name) => {
    expect(looksLikeId(name)).toBe(false);
  });
});
