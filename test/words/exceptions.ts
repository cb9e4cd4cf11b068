// Names and texts that keep a word of the Avoid column, each with its reason. A line that nothing needs any more fails the test.

export interface Exception {
  /** The whole name, or the whole text. */
  readonly text: string;
  readonly reason: string;
}

export const EXCEPTIONS: readonly Exception[] = [
  { text: 'isTransaction', reason: 'The name that node:sqlite gives it.' },
  { text: 'rescued', reason: 'The name of a figure in the contract of the API.' },
  { text: 'overtaken', reason: 'A detail of journal lines, old ones among them.' },
  { text: 'x-cluster-client-ip', reason: 'A field that other proxies write.' },
  { text: 'pools.*.mirrors.*.limits.answer', reason: 'A key that configs had once; a Problem says what it is called now.' },
  {
    text: 'server servers http entryPoints entrypoints frontend frontends bind listen port',
    reason: 'Keys of other products, which get a hint.',
  },
  {
    text: 'upstream upstreams cluster clusters backend backends service services apps',
    reason: 'Keys of other products, which get a hint.',
  },
  {
    text: 'endpoints servers targets hosts addresses backends upstreams url urls loadBalancer',
    reason: 'Keys of other products, which get a hint.',
  },
  { text: 'sticky stickySession session sessionAffinity stickiness', reason: 'Keys of other products, which get a hint.' },
  {
    text: 'lb lb_policy load_balancing loadBalancing algorithm balance policy strategy',
    reason: 'Keys of other products, which get a hint.',
  },
  {
    text: 'servers targets hosts addresses backends upstreams url urls address host instances',
    reason: 'Keys of other products, which get a hint.',
  },
  {
    text: 'backend service cluster upstream proxy_pass proxyPass reverse_proxy to target destination forwardTo',
    reason: 'Keys of other products, which get a hint.',
  },
];
