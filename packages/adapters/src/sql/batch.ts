import {
  type AttemptRow,
  addBudgetDays,
  addUsageDays,
  attemptRows,
  type BudgetDay,
  budgetDay,
  budgetDayKey,
  type CallEnded,
  type IdempotencyRow,
  idempotencyChange,
  isReleased,
  type JournalRecord,
  merge,
  type OpenCalls,
  type OperatorChange,
  operatorChange,
  type RecordKey,
  type UsageDay,
  type UsageRow,
  usageDayKey,
  usageDays,
  usageRow,
} from '@atp-router/ledger';

/** An event of the operators' log: everything but the traffic, which the usage records show. */
export interface RecentEvent extends RecordKey {
  readonly ts_ms: number;
  readonly type: string;
  /** The record as JSON. */
  readonly event: string;
}

export type EndRecord = Extract<JournalRecord, { type: 'call.ended' }>;

/** What a run of records changes, gathered in memory so that each table is written once. */
export class ProjectionBatch {
  readonly #node_id: string;
  readonly #pruned_before_day: string;
  readonly usage: UsageRow[] = [];
  readonly attempts: AttemptRow[] = [];
  readonly usage_days: Map<string, UsageDay> = new Map();
  readonly budget_days: Map<string, BudgetDay> = new Map();
  /** Final rows by scope; `null` removes. */
  readonly claims: Map<string, (IdempotencyRow & { readonly epoch: number }) | null> = new Map();
  /** Claims of earlier batches that are free again if they still belong to the call. */
  readonly releases: { readonly scope_hash: string; readonly call_id: string }[] = [];
  readonly operator: Map<string, OperatorChange> = new Map();
  readonly events: RecentEvent[] = [];
  /** Ends of calls that were not open: they count only if the call has no usage record yet. */
  readonly suspects: { readonly record: EndRecord; readonly key: RecordKey }[] = [];

  constructor(node_id: string, pruned_before_day: string) {
    this.#node_id = node_id;
    this.#pruned_before_day = pruned_before_day;
  }

  /** Follows one record; `open` is the state before it and is moved past it. */
  add(epoch: number, record: JournalRecord, open: OpenCalls): void {
    const key: RecordKey = { node_id: this.#node_id, epoch, seq: record.seq };
    const was_open = 'call_id' in record && open.get(record.call_id) !== undefined;
    open.apply(record);
    if (record.type === 'call.ended' && !was_open) {
      this.suspects.push({ record, key });
      return;
    }
    this.#addClaim(record, epoch);
    if (record.type === 'call.ended') this.addEnd(record, key);
    else if (isOperational(record)) this.#addOperational(record, key);
  }

  /** The end of a call that has no usage record yet. */
  addEnd(record: EndRecord, key: RecordKey): void {
    const event: CallEnded = record;
    const day = budgetDay(event);
    // A rebuild meets it again: its sums were kept when its records were pruned.
    if (day.day < this.#pruned_before_day) return;
    this.usage.push(usageRow(event, record.ts_ms, key, day.day));
    this.attempts.push(...attemptRows(event, key));
    for (const sum of usageDays(event, day.day)) merge(this.usage_days, usageDayKey(sum), sum, addUsageDays);
    merge(this.budget_days, budgetDayKey(day), day, addBudgetDays);
  }

  addSuspect({ record, key }: { readonly record: EndRecord; readonly key: RecordKey }): void {
    this.#addClaim(record, key.epoch);
    this.addEnd(record, key);
  }

  #addOperational(record: JournalRecord, key: RecordKey): void {
    const change = operatorChange(record);
    if (change !== undefined) this.operator.set(`${change.table} ${change.key}`, change);
    this.events.push({ ...key, ts_ms: record.ts_ms, type: record.type, event: JSON.stringify(record) });
  }

  #addClaim(record: JournalRecord, epoch: number): void {
    const change = idempotencyChange(record);
    if (change === undefined) return;
    if (change.kind === 'put') {
      this.claims.set(change.row.scope_hash, { ...change.row, epoch });
      return;
    }
    const { scope_hash, call_id } = change;
    const mine = this.claims.get(scope_hash);
    if (mine === undefined) this.releases.push({ scope_hash, call_id });
    else if (mine !== null && isReleased(mine, call_id)) this.claims.set(scope_hash, null);
  }
}

function isOperational(record: JournalRecord): boolean {
  return !/^(call|attempt|idempotency)\./.test(record.type);
}
