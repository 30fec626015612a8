import { randomInt, type Rng, type Usage } from '@atp-router/kernel';
import type { AttemptRecord, CallEnded, CallOutcome, JournalRecord } from '@atp-router/ledger';
import { booksOf } from '../journal.ts';
import { costOf } from './price.ts';
import { historiesOf } from './history.ts';

/** Changes a journal in place as a faulty router would have written it; returns the client's name of the call. */
export type Mutation = (records: JournalRecord[], rng: Rng) => string;

/** Nothing is read only in a copy that is made to be spoilt. */
type Open<T> = T extends object ? { -readonly [K in keyof T]: Open<T[K]> } : T;
type End = Open<CallEnded>;

function pick<T>(rng: Rng, from: readonly T[]): T {
  const one = from[randomInt(rng, 0, from.length - 1)];
  if (one === undefined) throw new Error('the run has nothing to spoil in this way');
  return one;
}

function reqOf(end: Pick<CallEnded, 'task_type'>): string {
  return end.task_type ?? '';
}

/** An attempt of this kind and the record that charges it. */
function anyAttempt(
  records: JournalRecord[],
  rng: Rng,
  fits: (attempt: AttemptRecord) => boolean,
): { end: End; attempt: Open<AttemptRecord> } {
  const ends = [...booksOf(records).ended.values()];
  const found = ends.flatMap((end) => end.attempts.filter(fits).map((attempt) => ({ end, attempt })));
  return pick(rng, found) as unknown as { end: End; attempt: Open<AttemptRecord> };
}

/** Spoilt records add up: the sums are not what gives them away. */
function addUp(end: End): void {
  const names = Object.keys(end.usage) as (keyof Usage)[];
  for (const name of names) end.usage[name] = end.attempts.reduce((sum, { usage }) => sum + usage[name], 0);
  end.cost_usd_nanos = end.attempts.reduce((sum, attempt) => sum + attempt.cost_usd_nanos, 0);
}

/** More output in the usage record, in the attempt's own record if it has one, and in the cost of both. */
function inventTokens(records: JournalRecord[], rng: Rng, outcome: CallOutcome): string {
  const { end, attempt } = anyAttempt(records, rng, (one) => one.outcome === outcome);
  const call = historiesOf(records).calls.find(({ opened }) => opened.call_id === end.call_id);
  const own = call?.closed.find(({ n }) => n === attempt.n) as Open<AttemptRecord> | undefined;
  const intent = call?.intents.find(({ n }) => n === attempt.n);
  if (intent === undefined) throw new Error('an attempt without an intent');
  const invented = randomInt(rng, 1, 639);
  for (const one of own === undefined ? [attempt] : [attempt, own]) {
    one.usage.out_tokens += invented;
    one.cost_usd_nanos = Number(costOf(one, intent));
  }
  addUp(end);
  return reqOf(end);
}

function double(records: JournalRecord[], rng: Rng, type: JournalRecord['type']): JournalRecord {
  const record = pick(
    rng,
    records.filter((one) => one.type === type),
  );
  records.splice(randomInt(rng, records.indexOf(record) + 1, records.length), 0, structuredClone(record));
  return record;
}

function remove(records: JournalRecord[], fits: (record: JournalRecord) => boolean): void {
  records.splice(0, records.length, ...records.filter((record) => !fits(record)));
}

function endOf(records: JournalRecord[], record: JournalRecord): CallEnded {
  const end = 'call_id' in record ? booksOf(records).ended.get(record.call_id) : undefined;
  if (end === undefined) throw new Error('no end of a call');
  return end;
}

export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'an attempt doubled': (records, rng) => {
    const { end, attempt } = anyAttempt(records, rng, () => true);
    end.attempts.push(structuredClone(attempt));
    addUp(end);
    return reqOf(end);
  },
  'an attempt doubled under a number of its own': (records, rng) => {
    const { end, attempt } = anyAttempt(records, rng, () => true);
    end.attempts.push({ ...structuredClone(attempt), n: end.attempts.length + 1 });
    addUp(end);
    return reqOf(end);
  },
  'an attempt doubled with its intent': (records, rng) => {
    const { end, attempt } = anyAttempt(records, rng, (one) => one.upstream_status !== undefined);
    const n = end.attempts.length + 1;
    end.attempts.push({ ...structuredClone(attempt), n });
    addUp(end);
    const at = records.findIndex((one) => one.type === 'call.opened' && one.call_id === end.call_id);
    const opened = records[at];
    if (opened?.type !== 'call.opened') throw new Error('no beginning of a call');
    const { turn, kind, model, provider } = attempt;
    const intent = { ...opened.attempt, n, turn, kind, model, provider };
    const started = { ...opened, type: 'attempt.started', attempt: intent } as unknown as JournalRecord;
    records.splice(at + 1, 0, started);
    return reqOf(end);
  },
  'an attempt dropped': (records, rng) => {
    const { end, attempt } = anyAttempt(records, rng, () => true);
    end.attempts.splice(end.attempts.indexOf(attempt), 1);
    addUp(end);
    return reqOf(end);
  },
  'tokens invented after a crash': (records, rng) => inventTokens(records, rng, 'interrupted'),
  'tokens invented when a client left': (records, rng) => inventTokens(records, rng, 'cancelled'),
  'tokens invented in a good answer': (records, rng) => inventTokens(records, rng, 'ok'),
  'a prompt invented': (records, rng) => {
    const { end, attempt } = anyAttempt(records, rng, (one) => one.outcome === 'interrupted');
    const intent = historiesOf(records).calls.find(({ opened }) => opened.call_id === end.call_id)?.intents[0];
    attempt.usage.in_tokens += 1;
    if (intent !== undefined) attempt.cost_usd_nanos = Number(costOf(attempt, intent));
    addUp(end);
    return reqOf(end);
  },
  'progress invented': (records, rng) => {
    const progress = pick(
      rng,
      records.flatMap((one) => (one.type === 'attempt.progress' ? [one] : [])),
    ) as Open<Extract<JournalRecord, { type: 'attempt.progress' }>>;
    progress.out_tokens += randomInt(rng, 300, 10_000);
    return reqOf(endOf(records, progress));
  },
  'a call dropped': (records, rng) => {
    const end = pick(rng, [...booksOf(records).ended.values()]);
    remove(records, (one) => 'call_id' in one && one.call_id === end.call_id);
    return reqOf(end);
  },
  'an end doubled': (records, rng) => reqOf(endOf(records, double(records, rng, 'call.ended'))),
  'the end of an attempt doubled': (records, rng) => reqOf(endOf(records, double(records, rng, 'attempt.ended'))),
  'a cost off by one nano': (records, rng) => {
    const { end, attempt } = anyAttempt(records, rng, (one) => one.cost_usd_nanos > 0);
    attempt.cost_usd_nanos += randomInt(rng, 0, 1) === 0 ? 1 : -1;
    addUp(end);
    return reqOf(end);
  },
  'a reservation left by a call': (records, rng) => {
    const end = pick(rng, [...booksOf(records).ended.values()]);
    remove(records, (one) => one.type === 'call.ended' && one.call_id === end.call_id);
    return reqOf(end);
  },
  'a reservation left by an attempt': (records, rng) => {
    const opened = pick(
      rng,
      records.flatMap((one) => (one.type === 'call.opened' ? [one] : [])),
    );
    const intent = { ...opened.attempt, n: 9, kind: 'retry' };
    const started = { ...opened, type: 'attempt.started', attempt: intent } as unknown as JournalRecord;
    records.splice(records.indexOf(opened) + 1, 0, started);
    return reqOf(opened);
  },
};
