export { AccountLedger } from './account-ledger.ts';
export type { AccuracySummary } from './accuracy.ts';
export { reservedUsdNanos } from './affordable.ts';
export type { AccountLimits, Amounts, Denial, LimitDimension, LimitsChange, LimitsRecord } from './amounts.ts';
export { hasBudget, NO_LIMITS, NOTHING } from './amounts.ts';
export { dayNumber, dayStart_ms, formatDay, parseDay } from './days.ts';
export { ByteModel, NO_PROMPT, type PromptSize } from './byte-model.ts';
export { effectiveDemand, type Estimate, type ToolCost, type ToolTokens, withGuard } from './estimate.ts';
export { type EstimateRequest, Estimator, type ModelAccuracy, type Observation } from './estimator.ts';
export type { AccountSnapshot, Headroom } from './snapshot.ts';
export type { OwnHold, Reservation, Reserved } from './reservation.ts';
export type { Changes, Now, QueueSigns } from './scheduler/changes.ts';
export type { QueueOptions, SchedulerOptions } from './scheduler/options.ts';
export type { Pool } from './scheduler/pool.ts';
export { Scheduler } from './scheduler/scheduler.ts';
export { DEFAULT_SHARES, type Shares } from './scheduler/shares.ts';
export { type Demand as FlowDemand, type Part, type Refusal, Ticket, type TicketState } from './scheduler/ticket.ts';
export { IndexedHeap } from './indexed-heap.ts';
export { isNothing, least, minus, plus, positive } from './credit/sums.ts';
export type { FairKey } from './fair/fair-queue.ts';
export { jainIndex } from './fair/jain.ts';
export { Aimd, type AimdOptions, type AimdTrouble, DEFAULT_AIMD } from './window/aimd.ts';
export { BurstBucket } from './window/burst.ts';
export { type WindowSign, WindowTable } from './window/window-table.ts';
export { DEFAULT_WATERMARK, Watermark, type WatermarkOptions } from './window/watermark.ts';
export { BurnRate, type BurnOptions, DEFAULT_BURN, type Spike } from './guards/burn.ts';
export { type Breach, type Objectives, Throttle } from './guards/throttle.ts';
export { COOL_OFF_MS, type Penalty, penaltyOf, predictability, worseTier } from './guards/predictability.ts';
export { outOf, type Windows } from './account.ts';
export type { LimitsRule } from './account-table.ts';
export { isOwnerMessage, isWorkerMessage } from './credit/check.ts';
export type * from './credit/messages.ts';
export { CREDIT_VERSION } from './credit/messages.ts';
export { type CreditBound, CreditOwner, type OwnerEffect, type OwnerSetup } from './credit/owner.ts';
export { type CreditOptions, DEFAULT_CREDIT } from './credit/options.ts';
export type { WorkerEffect, WorkerSetup } from './credit/worker-effects.ts';
export { CreditWorker } from './credit/worker.ts';
export type { CreditDemand, CreditPart, CreditTicket } from './credit/worker-ticket.ts';
export {
  type Beat,
  type BeatAnswer,
  DEFAULT_ELECTION,
  Election,
  type ElectionOptions,
  type ElectionState,
  type OverReason,
} from './cluster/election.ts';
