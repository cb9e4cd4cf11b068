// What the control thread and the thread that reads texts say to each other. Plain data, structured-cloneable.

import type { FileRead, LoadResult } from '../config/decode.ts';
import type { EndpointList } from '../config/endpoint-file.ts';
import type { InForce } from '../config/mask.ts';
import type { PoolPiece } from './known-pools.ts';
import type { RoutePiece } from './route-pieces.ts';

export type Job =
  | { readonly kind: 'config'; readonly path: string }
  | { readonly kind: 'text'; readonly file: string; readonly text: string | Uint8Array; readonly inForce: InForce | undefined }
  | { readonly kind: 'endpoints'; readonly path: string };

export type ToReading =
  | { readonly kind: 'job'; readonly job: Job }
  /** Send the next parts. */
  | { readonly kind: 'more' };

/** Without pools and routes, which come in parts: to take all at once would stop the control thread for a second. */
export interface ReadConfig {
  readonly kind: 'config';
  readonly load: LoadResult;
  readonly read: Omit<FileRead, 'document'>;
  /** Plain data of the files; undefined when they could not be read. */
  readonly value: Readonly<Record<string, unknown>> | undefined;
  /** How many of each come in parts; undefined: it is all here. */
  readonly parts: { readonly pools: number; readonly routes: number } | undefined;
}

/** The next ones in their order, pools first. */
interface Parts {
  readonly kind: 'parts';
  readonly pools: readonly PoolPiece[];
  readonly routes: readonly RoutePiece[];
}

export type FromReading = ReadConfig | Parts | { readonly kind: 'endpoints'; readonly list: EndpointList };
