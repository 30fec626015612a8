import { AtpError, utcDay } from '@atp-router/kernel';
import {
  CallSums,
  type ConsensusEnded,
  consensusRecord,
  type IdempotencyRow,
  idempotencyChange,
  isLearned,
  isReleased,
  type JournalRecord,
  type LearnedEvent,
  modelOf,
  type OpenCalls,
  type OperatorChange,
  operatorChange,
  type PlainEnd,
  placeBlock,
  type RecordKey,
  type RouteDecided,
  type RouteFeedback,
  RouteSums,
  type ShadowCompared,
  type StoredRecord,
} from '@atp-router/ledger';
import type { SqlValue } from './driver.ts';
import { CALL_COLUMNS } from './shape.ts';

/** An event of the operators' log: everything but the traffic, which the usage records show. */
export interface RecentEvent extends RecordKey {
  readonly ts_ms: number;
  readonly type: string;
  /** The record as JSON. */
  readonly event: string;
}

/** A record's place in a node's journal. */
export interface JournalPlace {
  readonly epoch: number;
  readonly seq: number;
}

/** Whether the record at `a` is written behind the one at `b`. */
export function isBehind(a: JournalPlace, b: JournalPlace): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.seq > b.seq);
}

type EndOfCall = PlainEnd | Extract<JournalRecord, { type: 'call.ended' }>;

/** The end of a call that was not open. */
export interface SuspectEnd {
  readonly at: JournalPlace;
  readonly end: EndOfCall;
  readonly text: string;
}

/** Where a batch starts. */
export interface BatchStart {
  readonly node_id: string;
  readonly epoch: number;
  readonly seq: number;
  /** Calls of earlier days are in the daily sums only, as far as they were counted. */
  readonly pruned_before_day: string;
  /** Records up to here were counted before, and are read again by a rebuild. */
  readonly counted: JournalPlace;
}

/** What a run of records changes, gathered in memory so that each table is written once. */
export class ProjectionBatch {
  readonly #start: BatchStart;
  /** The calls that are open behind the records so far. */
  readonly #open: OpenCalls;
  #epoch: number;
  #seq: number;
  #records = 0;
  /** Rows of `calls`, in the order of `CALL_COLUMNS`, one after the other. */
  readonly calls: SqlValue[] = [];
  /** Rows of `consensus_sessions`, as those. */
  readonly consensus: SqlValue[] = [];
  /** Rows of `learnings`, as those. */
  readonly learnings: SqlValue[] = [];
  /** Rows of `shadow_comparisons`, as those. */
  readonly shadows: SqlValue[] = [];
  /** Rows of `feedback`, each call and key once. */
  readonly feedback: Map<string, readonly SqlValue[]> = new Map();
  readonly sums: CallSums = new CallSums();
  /** What `auto` chose, by journal file. */
  readonly routes: Map<number, RouteSums> = new Map();
  /** Final rows by scope; `null` removes. */
  readonly claims: Map<string, (IdempotencyRow & { readonly epoch: number }) | null> = new Map();
  /** Claims of earlier batches that are free again if they still belong to the call. */
  readonly releases: { readonly scope_hash: string; readonly call_id: string }[] = [];
  readonly operator: Map<string, OperatorChange> = new Map();
  readonly events: RecentEvent[] = [];
  /** They count only if the call has no usage record yet. */
  readonly suspects: SuspectEnd[] = [];

  constructor(start: BatchStart, open: OpenCalls) {
    this.#start = start;
    this.#open = open;
    this.#epoch = start.epoch;
    this.#seq = start.seq;
  }

  /** How many were added. */
  get records(): number {
    return this.#records;
  }

  /**
   * Follows the records of a block (or of several in one piece). Those that were applied before are passed over, so that
   * applying again after a crash changes nothing. Throws on a gap: that would lose records.
   */
  add(epoch: number, records: readonly StoredRecord[]): void {
    const first_seq = records[0]?.seq;
    if (first_seq === undefined) return;
    const placement = placeBlock({ epoch: this.#epoch, seq: this.#seq }, { epoch, first_seq, count: records.length });
    if (placement === 'applied') return;
    if (placement === 'gap') {
      throw new AtpError(
        'internal_error',
        `The usage tables end with record ${this.#epoch}/${this.#seq} of the journal, which record ${epoch}/${first_seq} does not follow. Make them anew with: atp journal rebuild`,
      );
    }
    for (const record of records) this.#follow(epoch, record);
    this.#epoch = epoch;
    this.#seq = first_seq + records.length - 1;
    this.#records += records.length;
  }

  #follow(epoch: number, stored: StoredRecord): void {
    if (stored.kind === 'opened') {
      this.#open.open(stored);
      return;
    }
    const { text } = stored;
    const at = { epoch, seq: stored.seq };
    if (stored.kind === 'ended') {
      this.#end(at, stored.end, text);
      return;
    }
    const { record } = stored;
    if (record.type === 'call.ended') {
      this.#end(at, record, text);
      return;
    }
    if (record.type === 'consensus.ended') {
      this.#addConsensus(at, record, record.ts_ms);
      return;
    }
    if (record.type === 'shadow.compared') {
      this.#addShadow(at, record);
      return;
    }
    if (isLearned(record)) {
      this.#addLearned(at, record);
      return;
    }
    this.#open.apply(record);
    this.#addClaim(record, epoch);
    if (isOperational(record)) this.#addOperational(epoch, record, text);
  }

  #end(at: JournalPlace, end: EndOfCall, text: string): void {
    if (this.#open.end(end.call_id)) this.#addEnd(at, end, text);
    else this.suspects.push({ at, end, text });
  }

  /** Ids of the calls whose ends are in the batch. */
  endedCalls(): Set<SqlValue> {
    return new Set(this.calls.filter((_, i) => i % CALL_COLUMNS.length === 0));
  }

  addSuspect({ at, end, text }: SuspectEnd): void {
    this.#addEnd(at, end, text);
  }

  /** The end of a call that has no usage record yet. */
  #addEnd(at: JournalPlace, end: EndOfCall, text: string): void {
    const { epoch } = at;
    if ('type' in end) this.#addClaim(end, epoch);
    const { node_id, pruned_before_day, counted } = this.#start;
    // A rebuild meets it again: its sums were kept when its records were pruned. A new call counts whatever its day is:
    // clocks that were wrong when records were pruned must not make later calls free.
    if (pruned_before_day !== '' && this.sums.dayOf(end) < pruned_before_day && !isBehind(at, counted)) return;
    this.sums.add(end);
    const { call_id, tenant, key_id, outcome, started_ms } = end;
    this.calls.push(call_id, node_id, epoch, tenant, key_id, modelOf(end), outcome, started_ms, text);
  }

  /** A rebuild meets those that were pruned again; they stay away. */
  #addConsensus(at: JournalPlace, event: ConsensusEnded, ended_ms: number): void {
    const { node_id, pruned_before_day, counted } = this.#start;
    if (utcDay(event.started_ms) < pruned_before_day && !isBehind(at, counted)) return;
    const { row, sealed } = consensusRecord(event, ended_ms, { node_id, ...at });
    const { call_id, tenant, policy, strategy, outcome, started_ms } = row;
    const record = JSON.stringify(row);
    this.consensus.push(call_id, node_id, at.epoch, tenant, policy, strategy, outcome, started_ms, record, sealed);
  }

  /** A rebuild meets those that were pruned again; they stay away. */
  #addShadow(at: JournalPlace, record: JournalRecord & ShadowCompared): void {
    const { node_id, pruned_before_day, counted } = this.#start;
    const { v: _, seq: __, ts_ms: ___, ...event } = record;
    const { challenger, champion, at_ms } = event;
    if (utcDay(at_ms) < pruned_before_day && !isBehind(at, counted)) return;
    this.shadows.push(node_id, at.epoch, at.seq, challenger, champion, at_ms, JSON.stringify(event));
  }

  #addLearned({ epoch, seq }: JournalPlace, record: JournalRecord & LearnedEvent): void {
    const { node_id } = this.#start;
    const { v: _, seq: __, ts_ms: ___, ...event } = record;
    const { type, call_id, at_ms } = event;
    if (event.type === 'route.decided' || event.type === 'route.feedback') this.#addRoute({ epoch, seq }, event);
    this.learnings.push(node_id, epoch, seq, type, call_id, at_ms, JSON.stringify(event));
    if (event.type !== 'feedback.given' && event.type !== 'route.feedback') return;
    const { key_id, body_hash } = event;
    // What no key gave nobody gives again.
    if (key_id === '') return;
    this.feedback.set(`${call_id} ${key_id}`, [call_id, key_id, body_hash, 'given', at_ms, node_id]);
  }

  /** Sums of days whose records were pruned were kept: a rebuild meets what is in them again. */
  #addRoute(at: JournalPlace, event: RouteDecided | RouteFeedback): void {
    const { pruned_before_day, counted } = this.#start;
    const day = utcDay(event.type === 'route.decided' ? event.at_ms : event.decided_ms);
    if (day < pruned_before_day && !isBehind(at, counted)) return;
    const sums = this.routes.get(at.epoch) ?? new RouteSums();
    this.routes.set(at.epoch, sums);
    sums.add(event);
  }

  #addOperational(epoch: number, record: JournalRecord, text: string): void {
    const change = operatorChange(record);
    if (change !== undefined) this.operator.set(`${change.table} ${change.key}`, change);
    const { seq, ts_ms, type } = record;
    this.events.push({ node_id: this.#start.node_id, epoch, seq, ts_ms, type, event: text });
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
