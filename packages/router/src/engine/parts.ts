import type { Stage } from '@atp-router/call';
import type { GenEvent, GenRequest } from '@atp-router/dialects';
import type { AccountLedger, Estimator } from '@atp-router/flow';
import type { KillSwitches, Live, Observed, TargetHealth } from '@atp-router/routing';
import type { AffinityDesk } from '../affinity/affinity-desk.ts';
import type { Chooser } from '../auto/types.ts';
import type { IntensityOf } from '../carbon/intensities.ts';
import type { CeilingReason } from './ceilings.ts';
import type { OnFault } from './faults.ts';
import type { FlowWatch, Gate } from './gate.ts';
import type { IdempotencyKeys } from './idempotency.ts';
import type { Ambient, EventLog } from './ports.ts';
import type { SharedBudgets } from './shared-budgets.ts';
import type { AnswerKeeper } from '../fanout/audit/keeper.ts';
import type { Reconciler } from '../fanout/reconciler.ts';
import type { ConnectedModel } from '../atp/agents/connected.ts';
import type { Starts } from './starts.ts';
import type { Target } from './target.ts';
import type { Signal } from './target-windows.ts';
import type { Throttles } from './throttles.ts';
import type { TunerSpec } from './tuned-windows.ts';

export interface Relay {
  readonly signal: (signal: Signal) => void;
  readonly ceiling: (account: string, reason: CeilingReason, calls: number) => void;
}

/** What an engine is made of; it owns none of it. */
export interface EngineParts {
  readonly ambient: Ambient;
  readonly log: EventLog;
  readonly accounts: AccountLedger;
  /** Absent: the daily budgets are this process's own. */
  readonly shared?: SharedBudgets | undefined;
  readonly estimator: Estimator;
  readonly health: TargetHealth;
  readonly kills: KillSwitches;
  readonly observed: Observed;
  /** Health, kill switches and measurements together, as routing reads them. */
  readonly live: Live;
  readonly throttles: Throttles;
  readonly idempotency: IdempotencyKeys;
  readonly stages: readonly Stage<GenRequest, GenEvent>[];
  /** Exact count of texts, off the event loop; calibrates estimates where a provider reports no usage. */
  readonly countTokens: (texts: readonly string[]) => Promise<number>;
  readonly hash: (data: string | Uint8Array) => string;
  /** Told how long the decision for a call's first attempt took, in seconds. */
  readonly decided: (seconds: number) => void;
  /** Deployments whose windows a tuner moves, by account. */
  readonly tuners?: ReadonlyMap<string, TunerSpec> | undefined;
  /** Told what happens in the queues. */
  readonly watch?: FlowWatch | undefined;
  /** Who may begin, where others than this process have a say. Absent: its own queues decide. */
  readonly gate?: ((starts: Starts) => Gate) | undefined;
  /** The process that holds the limits, told of what narrows windows here. */
  readonly relay?: Relay | undefined;
  readonly onFault: OnFault;
  /** What several agents' answers are reconciled with. */
  readonly reconciler: Reconciler;
  /** Chooses for `auto`. Absent: the static score does. */
  readonly chooser?: Chooser | undefined;
  /** Knows where prompts are warm. Absent: nobody does. */
  readonly affinity?: AffinityDesk | undefined;
  /** Keeps what was said in sessions of fan-outs. Absent: it is not kept. */
  readonly answers?: AnswerKeeper | undefined;
  /** What energy emits where models run. Absent: nobody knows. */
  readonly intensity?: IntensityOf | undefined;
  /** The target with the price that it has for a tenant, where the configuration leaves that to agents. */
  readonly priced: (target: Target, tenant: string) => Target;
  /** Models that are there for a tenant because their agents are connected. */
  readonly connected: (tenant: string) => readonly ConnectedModel[];
}

/** Those that are there before the engine is. */
export type OpenedParts = Pick<
  EngineParts,
  'affinity' | 'answers' | 'chooser' | 'reconciler' | 'shared' | 'idempotency' | 'watch' | 'tuners' | 'gate' | 'relay'
>;
