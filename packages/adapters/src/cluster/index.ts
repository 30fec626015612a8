export type { Cluster, ClusterOptions, ClusterStats } from './types.ts';
export { valkeyCluster } from './valkey-cluster.ts';
