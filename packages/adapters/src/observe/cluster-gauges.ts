import type { MetricRegistry } from './registry.ts';

/** What a process knows of the machines that it shares limits with. */
export interface ClusterGauges {
  readonly leads: boolean;
  readonly epoch: number;
  readonly is_up: boolean;
  readonly elections_total: number;
  readonly sent_total: number;
  readonly received_total: number;
  readonly lost_total: number;
  /** Undefined: nothing was answered yet. */
  readonly round_trip_ms: number | undefined;
}

/** Registers what is read at scrape time; no series where `read` returns nothing, as there are no other machines. */
export function registerClusterGauges(registry: MetricRegistry, read: () => ClusterGauges | undefined): void {
  const add = (
    type: 'gauge' | 'counter',
    name: string,
    help: string,
    pick: (gauges: ClusterGauges) => number | undefined,
  ): void => {
    registry.live({
      ...{ name, help, type },
      read: () => {
        const gauges = read();
        const value = gauges && pick(gauges);
        return value === undefined ? [] : [{ labels: [], value }];
      },
    });
  };
  const count = (on: boolean): number => (on ? 1 : 0);
  add('gauge', 'atp_cluster_leader', '1 when this machine holds the limits for all.', ({ leads }) => count(leads));
  add('gauge', 'atp_cluster_epoch', 'Of whoever holds the limits; 0: nobody is known.', ({ epoch }) => epoch);
  add('gauge', 'atp_cluster_up', '1 when the server of `cluster.url` is connected.', ({ is_up }) => count(is_up));
  add(
    'counter',
    'atp_cluster_elections_total',
    'Changes of who holds the limits that this process saw.',
    ({ elections_total }) => elections_total,
  );
  add('counter', 'atp_cluster_sent_total', 'Messages to other machines.', ({ sent_total }) => sent_total);
  add('counter', 'atp_cluster_received_total', 'Messages from other machines.', ({ received_total }) => received_total);
  add(
    'counter',
    'atp_cluster_lost_total',
    'Messages that could not be sent; what they said is said again.',
    ({ lost_total }) => lost_total,
  );
  add(
    'gauge',
    'atp_cluster_round_trip_seconds',
    'The latest question to the server of `cluster.url`, until its answer.',
    ({ round_trip_ms }) => (round_trip_ms === undefined ? undefined : round_trip_ms / 1_000),
  );
}
