import type { CallEnded, JournalRecord } from '../events.ts';
import { type IdempotencyRow, idempotencyChange, isReleased } from './idempotency.ts';
import type { LedgerBase } from './base.ts';
import { type ConsensusRecord, consensusRecord } from './consensus.ts';
import { type OpenCall, OpenCalls } from './open-calls.ts';
import { type EntityRow, type KillRow, OperatorState } from './operator.ts';
import {
  type AttemptRow,
  addBudgetDays,
  addUsageDays,
  attemptRows,
  type BudgetDay,
  budgetDay,
  budgetDayKey,
  type RecordKey,
  type UsageDay,
  type UsageRow,
  usageDayKey,
  usageDays,
  usageRow,
} from './rows.ts';

/** Where a block stands towards what was already applied. */
export type Placement = 'next' | 'applied' | 'gap';

/** Blocks are applied whole, so a block is either before the position, right after it, or there is a hole. */
export function placeBlock(
  position: { readonly epoch: number; readonly seq: number },
  block: { readonly epoch: number; readonly first_seq: number; readonly count: number },
): Placement {
  if (block.epoch < position.epoch) return 'applied';
  if (block.epoch > position.epoch) return block.first_seq === 1 ? 'next' : 'gap';
  if (block.first_seq + block.count - 1 <= position.seq) return 'applied';
  return block.first_seq === position.seq + 1 ? 'next' : 'gap';
}

/**
 * The whole state that a journal means, in memory: the reference that every projection is compared with, and the store
 * of small tools and tests. It grows with the number of calls; routers keep theirs in SQL.
 */
export class LedgerFold {
  readonly node_id: string;
  readonly usage: Map<string, UsageRow> = new Map();
  readonly attempts: Map<string, readonly AttemptRow[]> = new Map();
  readonly consensus: Map<string, ConsensusRecord> = new Map();
  readonly usage_days: Map<string, UsageDay> = new Map();
  readonly budget_days: Map<string, BudgetDay> = new Map();
  readonly idempotency: Map<string, IdempotencyRow> = new Map();
  readonly #open: OpenCalls;
  readonly #operator: OperatorState;
  #epoch: number;
  #seq = 0;

  constructor(node_id: string, base?: LedgerBase) {
    this.node_id = node_id;
    this.#epoch = base?.epoch ?? 0;
    this.#open = new OpenCalls(base?.open_calls);
    this.#operator = new OperatorState(base?.kills, base?.entities);
  }

  get position(): { readonly epoch: number; readonly seq: number } {
    return { epoch: this.#epoch, seq: this.#seq };
  }

  openCalls(): OpenCall[] {
    return this.#open.list();
  }

  kills(): KillRow[] {
    return this.#operator.kills();
  }

  entities(): EntityRow[] {
    return this.#operator.entities();
  }

  /** Applies the records of one block, unless they were applied before. `gap` applies nothing. */
  applyBlock(epoch: number, records: readonly JournalRecord[]): Placement {
    const first_seq = records[0]?.seq;
    if (first_seq === undefined) return 'applied';
    const placement = placeBlock(this.position, { epoch, first_seq, count: records.length });
    if (placement !== 'next') return placement;
    for (const record of records) this.#apply(record, { node_id: this.node_id, epoch, seq: record.seq });
    this.#epoch = epoch;
    this.#seq = first_seq + records.length - 1;
    return placement;
  }

  #apply(record: JournalRecord, key: RecordKey): void {
    this.#open.apply(record);
    // A call ends once. A second end would be a fault of the writer; the first one stays the record.
    if (record.type === 'call.ended' && this.usage.has(record.call_id)) return;
    this.#operator.apply(record);
    this.#applyClaim(record);
    if (record.type === 'call.ended') this.#applyEnd(record, record.ts_ms, key);
    if (record.type === 'consensus.ended' && !this.consensus.has(record.call_id)) {
      this.consensus.set(record.call_id, consensusRecord(record, record.ts_ms, key));
    }
  }

  #applyEnd(event: CallEnded, ended_ms: number, key: RecordKey): void {
    this.usage.set(event.call_id, usageRow(event, ended_ms, key));
    this.attempts.set(event.call_id, attemptRows(event, key));
    for (const sum of usageDays(event)) merge(this.usage_days, usageDayKey(sum), sum, addUsageDays);
    const day = budgetDay(event);
    merge(this.budget_days, budgetDayKey(day), day, addBudgetDays);
  }

  #applyClaim(record: JournalRecord): void {
    const change = idempotencyChange(record);
    if (change?.kind === 'put') this.idempotency.set(change.row.scope_hash, change.row);
    if (change?.kind === 'release' && isReleased(this.idempotency.get(change.scope_hash), change.call_id)) {
      this.idempotency.delete(change.scope_hash);
    }
  }
}

/** Adds to the sum that a map holds under a key. */
export function merge<T>(into: Map<string, T>, key: string, value: T, add: (a: T, b: T) => T): void {
  const before = into.get(key);
  into.set(key, before === undefined ? value : add(before, value));
}
