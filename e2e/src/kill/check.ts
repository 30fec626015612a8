import { type AttemptRecord, budgetDayOf, type CallEnded, type CallOpened } from '@atp-router/ledger';
import type { Books } from '../journal.ts';
import type { LogLine } from '../upstream/log.ts';
import { type ClientRecord, LONG_PIECES, SERVED } from './workload.ts';

/** What the upstream knows of one client request. */
interface Served {
  /** Exchanges that it saw. */
  requests: number;
  /** Those whose usage left, at the end of a whole answer. */
  usages: number;
}

/** Characters that an answer can hold, as tokens of four; nothing more can have been relayed or counted. */
const COUNTED_MAX = LONG_PIECES * 40;

/** Of all models. Odd enough for costs that have to be rounded, and with a fee that shows whether it was charged. */
export const KILL_PRICE = { in_usd_per_mtok: 0.0375, out_usd_per_mtok: 0.1505, per_request_usd: 0.000_003 };
const IN_USD_PICOS = 37_500n;
const OUT_USD_PICOS = 150_500n;
const FEE_USD_NANOS = 3_000n;

/**
 * Compares the upstream's own log with the router's usage records: nothing lost, nothing doubled. Also checks what each
 * client was told. Returns what is wrong.
 */
export function compare(log: readonly LogLine[], books: Books, clients: readonly ClientRecord[]): string[] {
  const problems = [...books.problems];
  const served = servedOf(log);
  const calls = new Map<string, CallOpened[]>();
  for (const call of books.opened.values()) {
    const req = call.task_type ?? '';
    calls.set(req, [...(calls.get(req) ?? []), call]);
  }
  for (const req of served.keys())
    if (!calls.has(req)) problems.push(`lost: the upstream served ${req}, no call has it`);
  for (const [req, opened] of calls) {
    if (opened.length > 1) problems.push(`doubled: ${req} has ${opened.length} calls`);
    for (const { call_id } of opened) {
      const ended = books.ended.get(call_id);
      if (ended !== undefined) problems.push(...judge(req, ended, served.get(req) ?? { requests: 0, usages: 0 }));
    }
  }
  for (const record of clients) {
    const [call] = calls.get(record.req) ?? [];
    problems.push(...judgeClient(record, call === undefined ? undefined : books.ended.get(call.call_id)));
  }
  return problems;
}

/** One usage record against what the client got. */
function judgeClient({ req, answer }: ClientRecord, ended: CallEnded | undefined): string[] {
  if (answer === undefined || ended?.outcome === 'ok') return [];
  return [`${req} was answered in full, its record says ${ended?.outcome ?? 'nothing'}`];
}

function servedOf(log: readonly LogLine[]): Map<string, Served> {
  const names = new Map<number, string>();
  const served = new Map<string, Served>();
  for (const line of log) {
    if (line.t === 'request') {
      names.set(line.n, line.req);
      const known = served.get(line.req) ?? { requests: 0, usages: 0 };
      served.set(line.req, { ...known, requests: known.requests + 1 });
    } else if (line.t === 'usage') {
      const req = names.get(line.n) ?? '';
      const known = served.get(req);
      if (known !== undefined) served.set(req, { ...known, usages: known.usages + 1 });
    }
  }
  return served;
}

/** One usage record, however its call ended, against what the upstream served for it. */
function judge(req: string, ended: CallEnded, served: Served): string[] {
  const { attempts, outcome } = ended;
  const problems = attempts.flatMap((attempt) => judgeAttempt(req, attempt));
  const answered = attempts.filter((attempt) => attempt.upstream_status !== undefined);
  // A hedge that lost, one whose client left, one that a crash caught: its request may never have left.
  const uncertain = attempts.filter((attempt) => attempt.upstream_status === undefined && attempt.cost_usd_nanos > 0);
  const most = answered.length + uncertain.length;
  if (answered.length > served.requests)
    problems.push(`doubled: ${req} had ${answered.length} answers, the upstream saw ${served.requests} requests`);
  if (served.requests > most)
    problems.push(`lost: ${req} pays for ${most} attempts at most, the upstream saw ${served.requests}`);
  const ok = attempts.filter((attempt) => attempt.outcome === 'ok').length;
  if (ok !== (outcome === 'ok' ? 1 : 0)) problems.push(`${req} ended as ${outcome} with ${ok} good answers`);
  if (outcome === 'ok' && served.usages < 1)
    problems.push(`${req} is settled, and the upstream never served its usage`);
  if (outcome === 'error') problems.push(`${req} ended as ${outcome}: ${ended.error ?? ''}`);
  return problems;
}

/** What an attempt used by its end, and that it costs what its price says. */
function judgeAttempt(req: string, attempt: AttemptRecord): string[] {
  const { outcome, upstream_status, usage_source, cost_usd_nanos } = attempt;
  const { in_tokens, out_tokens } = attempt.usage;
  const problems: string[] = [];
  const say = (what: string): void =>
    void problems.push(`${req}: attempt ${attempt.n} (${outcome}, ${usage_source}) ${what}`);
  if (outcome === 'ok') {
    if (usage_source !== 'reported') say('has no usage that was reported');
    if (in_tokens !== SERVED.in_tokens || out_tokens !== SERVED.out_tokens)
      say(`used ${in_tokens}/${out_tokens}, not what the upstream reported`);
  } else if (upstream_status !== undefined && upstream_status >= 300) {
    if (usage_source !== 'none') say('was refused and used something');
  } else if (usage_source === 'reported' || (upstream_status !== undefined && usage_source === 'none')) {
    say('was accepted, came to no good end and is not counted');
  } else if (usage_source === 'counted' && (in_tokens <= 0 || out_tokens > COUNTED_MAX)) {
    say(`counts ${in_tokens}/${out_tokens}`);
  }
  if (outcome === 'interrupted' && usage_source !== 'counted') say('was interrupted and is not counted');
  const picos = BigInt(in_tokens) * IN_USD_PICOS + BigInt(out_tokens) * OUT_USD_PICOS;
  const cost = usage_source === 'none' ? 0n : (picos + 500n) / 1_000n + FEE_USD_NANOS;
  if (BigInt(cost_usd_nanos) !== cost) say(`costs ${cost_usd_nanos} nano-dollars, by its price ${cost}`);
  return problems;
}

/** What the records charge to one day, in nano-dollars. */
export function chargedTo(day: string, calls: readonly CallEnded[]): number {
  return calls.filter((call) => budgetDayOf(call) === day).reduce((sum, call) => sum + call.cost_usd_nanos, 0);
}
