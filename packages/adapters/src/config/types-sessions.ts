/** Where sessions are kept that outlive the process. All but `type` is of `valkey`. */
export interface SessionStoreConfig {
  readonly type: 'sqlite' | 'valkey';
  readonly url?: string | undefined;
  /** PEM. */
  readonly ca?: string | undefined;
  /** 64 hex digits, the same at all routers that share the server. */
  readonly seal_key?: string | undefined;
  readonly prefix?: string | undefined;
  readonly wait_replicas?: number | undefined;
}

/** Sessions of the Agent Transport Protocol. */
export interface SessionsConfig {
  readonly keep: boolean;
  readonly store: SessionStoreConfig;
  readonly max_sessions: number;
  readonly max_sessions_per_tenant: number;
  readonly checksums: boolean;
  /** Of what the sessions of one tenant keep for a successor. */
  readonly max_kept_bytes_per_tenant: number;
  /** Connections over plain HTTP. */
  readonly max_http_connections_per_tenant: number;
  readonly allowed_origins: readonly string[];
  readonly max_agents: number;
  readonly max_agents_per_tenant: number;
}
