import { budgetDayOf, type CallEnded, type JournalRecord } from '@atp-router/ledger';
import { booksOf } from '../journal.ts';
import type { LogLine } from '../upstream/log.ts';
import { judgeAttempts } from './attempts.ts';
import { type CallHistory, historiesOf } from './history.ts';
import { servedOf } from './served.ts';
import type { ClientRecord } from './workload.ts';

/** Everything that the oracle looks at. */
export interface Evidence {
  /** The upstream's own log: a process that no kill touches. */
  readonly log: readonly LogLine[];
  /** The router's journal. */
  readonly records: readonly JournalRecord[];
  readonly clients: readonly ClientRecord[];
  /** Who holds the limits may be away for longer than calls wait: what a call wants meanwhile beside its first attempt is refused. */
  readonly may_lack_owner?: boolean;
}

/**
 * Compares three accounts of one run: what the upstream logged, what the router's journal says and what each client was
 * told. Every request has its call, every call its end, every attempt its intent and its request; nothing is lost, doubled
 * or invented. Returns what is wrong.
 */
export function compare({ log, records, clients, may_lack_owner = false }: Evidence): string[] {
  const books = booksOf(records);
  const histories = historiesOf(records);
  const problems = [...books.problems, ...histories.problems];
  const served = servedOf(log);
  const calls = new Map<string, CallHistory[]>();
  for (const call of histories.calls) {
    const req = call.opened.task_type ?? '';
    calls.set(req, [...(calls.get(req) ?? []), call]);
  }
  for (const req of served.keys())
    if (!calls.has(req)) problems.push(`lost: the upstream served ${req}, no call has it`);
  const asked = new Set(clients.map(({ req }) => req));
  for (const [req, found] of calls) {
    if (!asked.has(req)) problems.push(`invented: ${req} has a call, and no client asked for it`);
    if (found.length > 1) problems.push(`doubled: ${req} has ${found.length} calls`);
    for (const call of found) problems.push(...judgeCall(req, call, served.get(req) ?? [], may_lack_owner));
  }
  for (const client of clients) problems.push(...judgeClient(client, calls.get(client.req)?.[0]?.ended));
  return problems;
}

/** One call's usage record. A call without one is a problem of the books. */
function judgeCall(
  req: string,
  call: CallHistory,
  exchanges: Parameters<typeof judgeAttempts>[2],
  may_lack_owner: boolean,
): string[] {
  const { ended } = call;
  if (ended === undefined) return [];
  const problems = judgeAttempts(req, call, exchanges);
  const { outcome, attempts } = ended;
  const ok = attempts.filter((attempt) => attempt.outcome === 'ok').length;
  if (ok !== (outcome === 'ok' ? 1 : 0)) problems.push(`${req} ended as ${outcome} with ${ok} good answers`);
  const is_refused = may_lack_owner && ended.error === 'backpressure';
  if (outcome === 'error' && !is_refused) problems.push(`${req} ended as ${outcome}: ${ended.error ?? ''}`);
  return problems;
}

/** One usage record against what the client got. */
function judgeClient({ req, answer }: ClientRecord, ended: CallEnded | undefined): string[] {
  if (answer === undefined || ended?.outcome === 'ok') return [];
  return [`${req} was answered in full, its record says ${ended?.outcome ?? 'nothing'}`];
}

/** What the records charge to one day, in nano-dollars. */
export function chargedTo(day: string, calls: readonly CallEnded[]): number {
  return calls.filter((call) => budgetDayOf(call) === day).reduce((sum, call) => sum + call.cost_usd_nanos, 0);
}
