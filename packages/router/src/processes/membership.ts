import type { Config } from '@atp-router/adapters';
import type { EngineParts } from '../engine/parts.ts';
import type { IdempotencyKeys, IdempotencyOptions } from '../engine/idempotency.ts';
import type { Engine } from '../engine/engine.ts';
import type { GenerationManager } from '../generation/manager.ts';
import type { OverlayEntity } from '../generation/overlay.ts';
import type { KillRow } from '@atp-router/ledger';
import type { ClusterView } from './cluster/view.ts';
import type { EventBus } from '../observe/event-bus.ts';

/** What a process that is one of several does differently from one that is alone. */
export interface Membership {
  /** What it begins with. */
  readonly base: Config;
  readonly overlay: readonly OverlayEntity[];
  readonly kills: readonly Pick<KillRow, 'scope' | 'id' | 'reason'>[];
  /** Who may begin is decided together with others. */
  readonly gate: NonNullable<EngineParts['gate']>;
  readonly relay: EngineParts['relay'];
  /** Undefined: it shares no limits with other machines, or leaves that to its owner. */
  cluster?(): ClusterView | undefined;
  /** Undefined: as a process that is alone. */
  keys(options: IdempotencyOptions): IdempotencyKeys | undefined;
  /** Everything is there: it begins to take part. */
  attach(core: MemberCore): Promise<void>;
  /** No call runs any more: what others need to know has been told when it resolves. */
  leave(): Promise<void>;
}

export interface MemberCore {
  readonly engine: Engine;
  readonly manager: GenerationManager;
  readonly bus: EventBus;
}
