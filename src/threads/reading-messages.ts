// What the control thread and the thread that reads texts say to each other. Plain data, structured-cloneable.

import type { FileRead, LoadResult } from '../config/decode.ts';
import type { EndpointList } from '../config/endpoint-file.ts';
import type { InForce } from '../config/mask.ts';
import type { Config } from '../config/model.ts';

export type Job =
  | { readonly kind: 'config'; readonly path: string }
  | { readonly kind: 'text'; readonly file: string; readonly text: string | Uint8Array; readonly inForce: InForce | undefined }
  | { readonly kind: 'endpoints'; readonly path: string };

export type ToReading =
  | { readonly kind: 'job'; readonly job: Job }
  /** Send the next routes. */
  | { readonly kind: 'more' };

/** Without routes, which come in slices: to take all at once would stop the control thread for a second. */
export interface ReadConfig {
  readonly kind: 'config';
  readonly load: LoadResult;
  readonly read: Omit<FileRead, 'document'>;
  /** Plain data of the files; undefined when they could not be read. */
  readonly value: Readonly<Record<string, unknown>> | undefined;
  /** Of both lists, which are equally long. */
  readonly routes: number;
}

export interface Routes {
  readonly kind: 'routes';
  readonly config: Config['routes'];
  readonly written: readonly unknown[];
}

export type FromReading = ReadConfig | Routes | { readonly kind: 'endpoints'; readonly list: EndpointList };
