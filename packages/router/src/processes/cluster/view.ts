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
