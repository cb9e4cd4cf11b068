// Which fields may stand in the block of a request, of a response, and of trailers, and what becomes of them.

import {
  FIELD_CDN_LOOP,
  FIELD_CONTENT_LENGTH,
  FIELD_DATE,
  FIELD_EXPECT,
  FIELD_FORWARDED_OTHER,
  FIELD_HOST,
  FIELD_LOOKALIKE,
  FIELD_MAX_FORWARDS,
  FIELD_OUTCOME,
  FIELD_TE,
  FORWARDING_MASK,
} from '../http/known-fields.ts';
import { BAD_VALUE, CONNECTION_FIELDS, FIELD_BAD_NAME, FIELD_COOKIE, PSEUDO, REQUEST_PSEUDO, RESPONSE_PSEUDO } from './field-kinds.ts';

/** Which fields a kind of block may hold, as masks of their kinds. */
export interface BlockRules {
  readonly pseudo: number;
  /** Known fields that make it malformed. */
  readonly refused: number;
  /** Fields that do not enter the header block. */
  readonly cut: number;
  /** Fields that are looked at; all others only enter the block. */
  readonly looked: number;
  readonly trailers: boolean;
}

const SUSPECT = PSEUDO | CONNECTION_FIELDS | (1 << FIELD_TE) | (1 << FIELD_BAD_NAME) | BAD_VALUE;

const CUT_OF_REQUESTS = FORWARDING_MASK | (1 << FIELD_TE) | (1 << FIELD_HOST) | (1 << FIELD_LOOKALIKE);
export const REQUEST_RULES: BlockRules = {
  pseudo: REQUEST_PSEUDO,
  refused: 0,
  cut: CUT_OF_REQUESTS,
  looked:
    SUSPECT |
    CUT_OF_REQUESTS |
    (1 << FIELD_COOKIE) |
    (1 << FIELD_CONTENT_LENGTH) |
    (1 << FIELD_EXPECT) |
    (1 << FIELD_FORWARDED_OTHER) |
    (1 << FIELD_CDN_LOOP) |
    (1 << FIELD_MAX_FORWARDS),
  trailers: false,
};

export const RESPONSE_RULES: BlockRules = {
  pseudo: RESPONSE_PSEUDO,
  refused: 1 << FIELD_TE,
  // What Sluice says of its own responses nobody else may.
  cut: 1 << FIELD_OUTCOME,
  looked: SUSPECT | (1 << FIELD_CONTENT_LENGTH) | (1 << FIELD_DATE) | (1 << FIELD_OUTCOME),
  trailers: false,
};

export const TRAILER_RULES: BlockRules = { pseudo: 0, refused: 1 << FIELD_TE, cut: 0, looked: -1, trailers: true };
