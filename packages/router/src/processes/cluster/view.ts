import type { OverReason } from '@atp-router/flow';
import type { ClusterStats } from '@atp-router/adapters';

/** What an operator sees of it. */
export interface ClusterView extends ClusterStats {
  readonly role: 'leader' | 'relay';
  /** Who holds the limits; undefined: nobody, as far as is known here. */
  readonly leader: string | undefined;
  readonly epoch: number;
  /** It holds the limits, and waits for what workers of all machines have. */
  readonly is_recovering: boolean;
  /** Changes of who holds the limits that this process saw. */
  readonly elections_total: number;
}

export const NO_STATS: ClusterStats = {
  ...{ is_up: false, sent_total: 0, received_total: 0, lost_total: 0 },
  round_trip_ms: undefined,
};

/** Why a process does not hold the limits any more. */
export const WORDS: Readonly<Record<OverReason, string>> = {
  late: 'the server of cluster.url did not answer for so long that another machine may hold the limits',
  lost: 'another machine holds the limits',
  deposed: 'a later owner of the limits was heard of',
};
