import type { Config, ProviderConfig, ReloadOutcome, RouterMetrics, UpstreamTransport } from '@atp-router/adapters';
import type { SessionHub } from '../atp/session-hub.ts';
import type { AgentHub } from '../atp/agents/agent-hub.ts';
import type { Engine } from '../engine/engine.ts';
import type { Learning } from '../fanout/learn/learning.ts';
import type { GenerationManager } from '../generation/manager.ts';
import type { LedgerHandle } from '../ledger-handle.ts';
import type { Observations } from '../observations/open-observations.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { ClusterView } from '../processes/cluster/view.ts';
import type { OtherProcesses } from '../processes/other-processes.ts';
import type { FlowParts } from '../observe/flow-watch.ts';

/**
 * Reads the configuration file anew and says what it holds. It may apply it, too: a configuration that is already in
 * force is not applied twice.
 */
export type ReloadFile = () => ReloadOutcome | Promise<ReloadOutcome>;

/** Where the configuration comes from: a file, by its name as far as that is known, or what was found without one. */
export type ConfigOrigin = { readonly kind: 'file'; readonly file?: string } | { readonly kind: 'discovered' };

/** What the admin API works on. It owns none of it. */
export interface AdminParts {
  readonly engine: Engine;
  readonly agents: AgentHub;
  readonly flow: FlowParts;
  readonly manager: GenerationManager;
  readonly bus: EventBus;
  readonly hub: SessionHub;
  readonly ledger: LedgerHandle;
  /** What was learned of who answers. */
  readonly learning: Pick<Learning, 'knowledge' | 'keeper' | 'feedback' | 'chooser'>;
  readonly observations: Observations;
  readonly metrics: Pick<RouterMetrics, 'observations'>;
  /** Processes that serve calls for this one; undefined: this one does. */
  readonly others: OtherProcesses | undefined;
  readonly node_id: string;
  readonly version: string;
  /** The configuration that the process was started with: what differs and is read at start only needs a restart. */
  readonly started: Config;
  /** Undefined: it shares no limits with other machines. */
  readonly cluster: () => ClusterView | undefined;
  readonly listening: () => { readonly host: string; readonly port: number };
  readonly transportOf: (provider: ProviderConfig) => UpstreamTransport;
  readonly origin: ConfigOrigin;
  /** Absent: the process was started without a file. */
  readonly onReload?: ReloadFile | undefined;
}
