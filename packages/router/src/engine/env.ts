import type { AccountLedger, AccountLimits, Estimator, PromptSize } from '@atp-router/flow';
import type { AtpError, Limits } from '@atp-router/kernel';
import type { CallHead, IdempotencyRef } from '@atp-router/ledger';
import type { CallPlan, StageChain } from '@atp-router/call';
import type { GenEvent, GenRequest, HostedTool, RoutePlan } from '@atp-router/dialects';
import type { KillSwitches, TargetHealth } from '@atp-router/routing';
import type { AutoChoice } from '../auto/auto-choice.ts';
import type { IntensityOf } from '../carbon/intensities.ts';
import type { AnswerKeeper } from '../fanout/audit/keeper.ts';
import type { Reconciler } from '../fanout/reconciler.ts';
import type { Fanout, LaneRef } from '../fanout/types.ts';
import type { Seen } from '../lifecycle/shadow/eligible.ts';
import type { AttemptCodec } from '../relay/types.ts';
import type { Attempt } from './attempt.ts';
import type { Calibrator } from './calibrator.ts';
import type { ClientSink } from './client.ts';
import type { Faults } from './faults.ts';
import type { Gate } from './gate.ts';
import type { CallCaps } from './purse.ts';
import type { Ambient, EventLog } from './ports.ts';
import type { OutcomeStore } from './outcome-store.ts';
import type { Listed } from './run-list.ts';
import type { Penalties } from './penalties.ts';
import type { SharedBudgets } from './shared-budgets.ts';
import type { TargetWindows } from './target-windows.ts';
import type { ToolCaps } from './tool-cap.ts';
import type { Target, WantedAttempt } from './target.ts';

/** What all calls of one process share. */
export interface EngineEnv {
  readonly ambient: Ambient;
  readonly log: EventLog;
  readonly accounts: AccountLedger;
  readonly shared: SharedBudgets | undefined;
  /** Who may begin. */
  readonly gate: Gate;
  readonly windows: TargetWindows;
  readonly penalties: Penalties;
  readonly health: TargetHealth;
  readonly kills: KillSwitches;
  readonly estimator: Estimator;
  readonly outcomes: OutcomeStore;
  readonly calibrator: Calibrator;
  readonly reconciler: Reconciler;
  /** Absent: what was said in sessions is not kept. */
  readonly answers: AnswerKeeper | undefined;
  /** Whether the configuration in force still has a tenant. */
  readonly hasTenant: (id: string) => boolean;
  readonly onEnded: (call: RunningCall) => void;
  /** How long the decision for a first attempt took, in seconds. */
  readonly decided: (seconds: number) => void;
  readonly intensity: IntensityOf | undefined;
  readonly faults: Faults;
}

/** A call on its way, as kill switches, shutdown and the admin API see it. */
export interface RunningCall extends Listed {
  readonly call: AdmittedCall;
  readonly attempts: readonly Attempt[];
  /** Ends the call from outside: kill switch, shutdown, deadline, a client that left. */
  abort(error: AtpError, outcome: 'error' | 'cancelled'): void;
  /** Ends the lanes whose attempts are among these; absent where a call asks one at a time. */
  abortLanes?(which: (attempt: Attempt) => boolean, error: AtpError): void;
}

/** How long and how much is kept for repeats. */
interface KeptOutcome {
  /** Of the claim; the outcome's time begins when the call ends. */
  readonly expires_ms: number;
  readonly ttl_ms: number;
  readonly max_body_bytes: number;
}

/** A call that passed authentication, policy and routing, pinned to the generation it started with. */
export interface AdmittedCall {
  readonly kind: 'generate' | 'embed';
  readonly head: CallHead;
  readonly generation: number;
  readonly limits: Limits;
  readonly plan: CallPlan;
  readonly route: RoutePlan;
  readonly targets: readonly Target[];
  /** Cheaper models that may stand in when the tenant's limit is reached (`at_limit: degrade`). */
  readonly degraded: readonly Target[];
  readonly at_limit: 'reject' | 'wait' | 'degrade';
  /** How long a call may wait for the windows of its accounts. */
  readonly wait_ms: number;
  /** Accounts that the call is charged to, the narrowest first. */
  readonly accounts: readonly string[];
  /** Whose turn it is among those of its tenant: the session, or the key, that it came with. */
  readonly fair_session: string;
  /** May be stopped for a call of a better tier. */
  readonly is_preemptible: boolean;
  /** Share of its tenant among those of a tier. */
  readonly weight: number;
  /** The tenant's, as they were when the call was admitted. */
  readonly account_limits: AccountLimits;
  readonly caps: CallCaps;
  /** Money is limited somewhere, so a model without a price cannot be used. */
  readonly needs_price: boolean;
  readonly on_budget_exhausted: 'finish' | 'error';
  readonly prompt: PromptSize;
  readonly choices: number;
  /** Tools that run at the provider, as the request declares them; undefined for most. */
  readonly hosted_tools: readonly HostedTool[] | undefined;
  /** Whether upstreams are asked for a stream. */
  readonly stream: boolean;
  /** What its policy allows of them; undefined: anything. */
  readonly tool_caps: ToolCaps | undefined;
  readonly max_output_tokens: number | undefined;
  readonly deadline_ms: number | undefined;
  readonly data_scopes: readonly string[];
  /** Why nobody beyond this machine and its private network may see it; absent: they may. */
  readonly local_only?: string | undefined;
  /** Nodes that the request has passed, first to last. */
  readonly via: readonly string[];
  readonly idempotency: (IdempotencyRef & KeptOutcome) | undefined;
  readonly stages: StageChain<GenRequest, GenEvent> | undefined;
  readonly sink: ClientSink;
  /** Monotonic time at which the head of the request arrived. */
  readonly started_mono_ms: number;
  readonly deciding_since_mono_ms: number;
  /** Several agents are asked, as its policy says; undefined for most. */
  readonly fanout: Fanout | undefined;
  /** Who was chosen for it, where `auto` was by what is learned; undefined for what is written down, and for lanes. */
  readonly choice: AutoChoice | undefined;
  /** The lane of a fan-out that it is; undefined for what is a whole call. */
  readonly lane: LaneRef | undefined;
  /** What routing saw of it and made of it; absent for lanes. */
  readonly seen?: Seen | undefined;
  promptTexts(): readonly string[];
  /** The agent's, put before the client's own: of the agent that the policy tries, else of the one that was asked. */
  systemPrompt(target: Target): string | undefined;
  /** Prepares one attempt. Throws `AtpError` when the request cannot be said in the target's shape. */
  prepare(attempt: WantedAttempt, output_cap: number | undefined): AttemptCodec;
}
