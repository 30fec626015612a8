import type { Config, RouterMetrics } from '@atp-router/adapters';
import type { AgentHub } from '../atp/agents/agent-hub.ts';
import type { EngineParts } from '../engine/parts.ts';
import type { IdempotencyKeys, IdempotencyOptions } from '../engine/idempotency.ts';
import type { Engine } from '../engine/engine.ts';
import type { GenerationManager } from '../generation/manager.ts';
import type { OverlayEntity } from '../generation/overlay.ts';
import type { KillRow } from '@atp-router/ledger';
import type { ClusterView } from './cluster/view.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { WorkerSessions } from './sessions/worker-sessions.ts';
import type { Answers, OtherProcesses, OwnerDoor } from './other-processes.ts';

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
  /** How many calls the agents of this process take at a deployment; absent: that is all there are. */
  readonly capacity?: (account: string, calls: number) => void;
  /** What this process does for others while it goes. */
  readonly carrier?: { idle(): Promise<void>; abortAll(): void } | undefined;
  /** Where there are others that have sessions, too; from `attach` on. */
  readonly sessions?: WorkerSessions | undefined;
  /** Undefined: as a process that is alone. */
  keys(options: IdempotencyOptions): IdempotencyKeys | undefined;
  /** Those that serve calls, for their owner. */
  readonly others: OtherProcesses | undefined;
  /** The way there, for those that have one. */
  readonly owner: OwnerDoor | undefined;
  /** Answers others with these from here on. */
  answer(answers: Answers): void;
  /** Everything is there: it begins to take part. */
  attach(core: MemberCore): Promise<void>;
  /** No call runs any more: what others need to know has been told when it resolves. */
  leave(): Promise<void>;
}

export interface MemberCore {
  readonly engine: Engine;
  readonly manager: GenerationManager;
  readonly bus: EventBus;
  readonly agents: AgentHub;
  readonly metrics: RouterMetrics;
}
