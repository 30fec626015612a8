/** The server over which machines agree on who holds the limits, and send each other credit. */
export interface ClusterConfig {
  readonly type: 'valkey';
  readonly url: string;
  /** PEM. */
  readonly ca?: string | undefined;
  /** Absent: `atp`. */
  readonly prefix?: string | undefined;
}
