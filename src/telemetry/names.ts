// Every metric that Sluice exposes, once: its name, kind, help and label names.
// A label value comes from the config or from a closed table of codes, never from a request.

export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

export const METRICS = {
  requests: counter('sluice_requests_total', 'Responses sent, by exact status.', 'route', 'pool', 'version', 'status'),
  duration: histogram('sluice_request_duration_seconds', 'Time from the request head to the end of the response.', 'pool', 'version'),
  failed: counter(
    'sluice_request_errors_total',
    'Requests that a version failed: a status of 500 or above, or a response that broke off.',
    'pool',
    'version',
  ),
  inFlight: gauge('sluice_requests_in_flight', 'Exchanges that have begun and not ended.', 'pool', 'version'),
  attempts: counter('sluice_attempts_total', 'Tries against one endpoint, by outcome.', 'pool', 'version', 'outcome'),
  retries: counter('sluice_retries_total', 'Attempts after the first, by what made them necessary.', 'pool', 'version', 'reason'),
  choices: counter('sluice_choices_total', 'Times a version was chosen, by reason.', 'pool', 'version', 'reason'),
  mirrored: counter(
    'sluice_mirrored_total',
    'Requests that were to be copied to a shadow, by what became of the copy.',
    'pool',
    'mirror',
    'version',
    'outcome',
  ),
  mirrorInFlight: gauge('sluice_mirror_in_flight', 'Copies that have begun and not ended.', 'pool', 'mirror', 'version'),
  mirrorConnections: gauge('sluice_mirror_connections', 'Open connections to shadows.', 'pool', 'mirror', 'version'),
  comparisonsDropped: counter(
    'sluice_shadow_comparisons_dropped_total',
    'Mirrored exchanges that were to be compared, and for which there was no room.',
    'pool',
    'mirror',
    'version',
  ),
  mirrorPaused: gauge('sluice_mirror_paused', 'Workers that make no copies for now, after failures in a row.', 'pool', 'mirror', 'version'),
  mirrorWaiting: gauge('sluice_mirror_waiting_bytes', 'Bytes of requests that wait for shadows.', 'pool', 'mirror', 'version'),
  shadowComparisons: counter(
    'sluice_shadow_comparisons_total',
    'Requests whose responses of shadow and primary were compared.',
    'pool',
    'mirror',
    'version',
  ),
  shadowDifferences: counter(
    'sluice_shadow_differences_total',
    'Fields in which the response of a shadow was found to differ, noise included, by kind.',
    'pool',
    'mirror',
    'version',
    'kind',
  ),
  shadowMissedWrites: counter(
    'sluice_shadow_missed_writes_total',
    'Writes that the primary took, or may have taken, and the shadow did not.',
    'pool',
    'mirror',
  ),
  tunnels: gauge(
    'sluice_tunnels',
    'Open tunnels: connections that have changed their protocol, such as WebSocket, or that are passed through.',
    'pool',
    'version',
  ),
  tunnelsEnded: counter('sluice_tunnels_ended_total', 'Tunnels that ended, by why.', 'pool', 'version', 'reason'),
  tunnelBytes: counter('sluice_tunnel_bytes_total', 'Bytes in tunnels, in (from clients) and out.', 'pool', 'version', 'direction'),
  tunnelAge: histogram('sluice_tunnel_age_seconds', 'How old tunnels were when they ended.', 'pool', 'version'),
  eventStreams: gauge('sluice_event_streams', 'Open responses of server-sent events.', 'pool', 'version'),
  eventStreamsDrained: counter(
    'sluice_event_streams_drained_total',
    'Responses of server-sent events that a drain ended.',
    'pool',
    'version',
  ),
  listenerStreams: gauge('sluice_http2_streams', 'Open streams on downstream connections of HTTP/2.', 'listener'),
  http2Faults: counter(
    'sluice_http2_errors_total',
    'Downstream connections and streams of HTTP/2 that were ended for what a client did, by reason.',
    'listener',
    'reason',
  ),
  listenerTunnels: gauge('sluice_listener_tunnels', 'Open tunnels.', 'listener'),
  bytesIn: counter('sluice_request_bytes_total', 'Request body bytes.', 'pool', 'version'),
  bytesOut: counter('sluice_response_bytes_total', 'Response body bytes.', 'pool', 'version'),
  held: gauge('sluice_requests_held', 'Requests that wait until an endpoint is ready.', 'pool', 'version'),
  versionFallbacks: counter(
    'sluice_version_fallbacks_total',
    'Requests of this version that another one took over, because it failed or had no ready endpoint.',
    'pool',
    'version',
  ),
  concurrencyLimit: gauge(
    'sluice_concurrency_limit',
    'Requests that may be in flight, as latency allows; 0 = no limit.',
    'pool',
    'version',
  ),
  versionNotReady: gauge('sluice_version_not_ready', 'Workers that have no ready endpoint of the version.', 'pool', 'version'),
  panic: gauge('sluice_version_panic', 'Workers that use all endpoints of the version, ready or not.', 'pool', 'version'),
  affinityUsers: gauge(
    'sluice_affinity_users',
    'Users that have the version and are not quiet; of pools with affinity.remember.',
    'pool',
    'version',
  ),
  versionInfo: gauge('sluice_version_info', 'Always 1; its labels say which deploy the version is.', 'pool', 'version', 'deploy', 'sha'),
  rolloutState: gauge('sluice_rollout_state', 'Always 1; the state of the rollout of the pool that runs, or ended last.', 'pool', 'state'),
  rolloutStep: gauge('sluice_rollout_step', 'Position of the step that the rollout of the pool is at, from 0.', 'pool'),
  rolloutVerdict: gauge('sluice_rollout_verdict', 'Always 1; what a check of the rollout says.', 'pool', 'check', 'verdict'),
  rolloutEvidence: gauge(
    'sluice_rollout_evidence',
    'How far the evidence of a check has come towards fail or harmless; at 1 it suffices.',
    'pool',
    'check',
    'towards',
  ),
  rolloutAborts: counter('sluice_rollout_aborts_total', 'Rollouts that ended without success, by how they ended.', 'reason'),
  drillTimestamp: gauge(
    'sluice_drill_timestamp_seconds',
    'When the last drill of the pool ended, in seconds since the epoch.',
    'pool',
    'result',
  ),
  drillSeconds: gauge('sluice_drill_seconds', 'Seconds until every worker obeyed, of each phase of the last drill.', 'pool', 'phase'),
  splitWeight: gauge('sluice_split_weight', 'Weight in the split, as configured.', 'pool', 'version'),

  endpointReady: gauge('sluice_endpoint_ready', '1 when every worker may pick the endpoint, else 0.', 'pool', 'version', 'endpoint'),
  endpointInFlight: gauge('sluice_endpoint_requests_in_flight', 'Attempts under way.', 'pool', 'version', 'endpoint'),
  endpointConnections: gauge('sluice_endpoint_connections', 'Open upstream connections.', 'pool', 'version', 'endpoint'),
  endpointDraining: gauge(
    'sluice_endpoint_draining',
    'Workers in which the endpoint gets nothing new because it is drained.',
    'pool',
    'version',
    'endpoint',
  ),
  endpointFailures: counter('sluice_endpoint_failures_total', 'Attempts that failed.', 'pool', 'version', 'endpoint'),
  endpointEjections: counter(
    'sluice_endpoint_ejections_total',
    'Times the endpoint was taken out of use because it failed.',
    'pool',
    'version',
    'endpoint',
  ),
  endpointEjected: gauge('sluice_endpoint_ejected', '1 while a worker has taken the endpoint out of use.', 'pool', 'version', 'endpoint'),
  versionEjections: counter('sluice_version_ejections_total', 'Times one of its endpoints was taken out of use.', 'pool', 'version'),
  healthChecks: counter(
    'sluice_health_checks_total',
    'Probes of an endpoint that ended, by result.',
    'pool',
    'version',
    'endpoint',
    'result',
  ),

  discoveryFailures: counter(
    'sluice_discovery_failures_total',
    'Times a name was not resolved, or an endpoint file was found missing or bad.',
    'pool',
    'version',
    'source',
  ),
  discoveryAddresses: gauge(
    'sluice_discovery_addresses',
    'Addresses that a name has, or entries of an endpoint file, as far as they are used.',
    'pool',
    'version',
    'source',
  ),
  discoveryAge: gauge(
    'sluice_discovery_age_seconds',
    'Since a name was last resolved; how long an endpoint file has been missing or bad.',
    'pool',
    'version',
    'source',
  ),

  connections: gauge('sluice_connections', 'Open downstream connections.', 'listener'),
  accepted: counter('sluice_connections_accepted_total', 'Downstream connections accepted.', 'listener'),
  listenerRequests: counter('sluice_listener_requests_total', 'Requests received, refused ones included.', 'listener'),
  refused: counter('sluice_refused_total', 'Requests refused before routing, by outcome.', 'listener', 'outcome'),

  certificates: gauge('sluice_tls_certificate_expiry_seconds', 'Until a certificate ends; below 0 when it has.', 'place', 'file'),
  handshakes: counter('sluice_tls_handshakes_total', 'Openings of connections over TLS, by how they ended.', 'listener', 'result'),
  proxyHeaders: counter(
    'sluice_proxy_protocol_total',
    'Connections that must begin with a PROXY header, by what came.',
    'listener',
    'result',
  ),
  passthroughs: counter(
    'sluice_passthrough_total',
    'Connections that a listener was to pass through, by how that began.',
    'listener',
    'result',
  ),

  revision: gauge('sluice_config_revision', 'Number of the desired state that is served.'),
  reloads: counter('sluice_config_reloads_total', 'Configs offered, by what became of them.', 'result'),
  fileTaken: gauge('sluice_config_last_reload_successful', '0 while the config on disk is refused and the one before it is still served.'),
  adminRefused: counter('sluice_admin_refused_total', 'Requests that the admin API refused before it read them, by reason.', 'reason'),
  badSecrets: gauge('sluice_secrets_unreadable', 'Secrets of header values whose file cannot be read: their last values are used.'),
  stateLost: gauge(
    'sluice_state_lost',
    '1 when the start found this part of its state damaged or gone: the history, or what the API had changed over the file.',
    'part',
  ),
  workers: gauge('sluice_workers', 'Data-plane threads, by state.', 'state'),
  workerRestarts: counter('sluice_worker_restarts_total', 'Data-plane threads replaced after they died.'),
  loopUtilization: gauge('sluice_worker_event_loop_utilization', 'Busy share of the event loop, 0 to 1.', 'worker'),
  loopDelay: gauge('sluice_worker_event_loop_delay_seconds', 'Longest recent delay of the event loop.', 'worker'),
  workerMemory: gauge('sluice_worker_memory_bytes', 'Heap of the thread and buffers that it refers to, garbage included.', 'worker'),
  overloadLevel: gauge('sluice_overload_level', '0 = none; 1 = connections are not kept; 2 = requests are refused; 3 = connections, too.'),
  memoryUsed: gauge('sluice_memory_used_bytes', 'Memory that counts against the limit, without what can be used again.'),
  memoryLimit: gauge('sluice_memory_limit_bytes', 'Memory that may be used; 0 = no limit.'),
  internalErrors: counter('sluice_internal_errors_total', 'Exchanges that a fault of Sluice itself ended.'),
  accessLogDropped: counter('sluice_access_log_dropped_total', 'Access log lines dropped because the reader was too slow or failed.'),
  buildInfo: gauge('sluice_build_info', 'Always 1; the version of Sluice is its label.', 'version'),
} as const satisfies Record<string, Metric>;

function counter(name: string, help: string, ...labels: readonly string[]): Metric {
  return { name, type: 'counter', help, labels };
}

function gauge(name: string, help: string, ...labels: readonly string[]): Metric {
  return { name, type: 'gauge', help, labels };
}

function histogram(name: string, help: string, ...labels: readonly string[]): Metric {
  return { name, type: 'histogram', help, labels };
}
