// A name, service or file that endpoints come from, as logs and metrics call it.

export interface SourceName {
  readonly pool: string;
  readonly version: string;
  /** As the config has it: `shop.internal`, `srv:_http._tcp.shop`, `/etc/shop/endpoints.yaml`. */
  readonly source: string;
}

/** What is wrong with it now. */
export interface DiscoveryFault extends SourceName {
  readonly kind: 'name' | 'file';
  /** In milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly reason: string;
  /** Endpoints that are known of it and stay in use. */
  readonly kept: number;
}
