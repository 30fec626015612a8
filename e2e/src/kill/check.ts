import type { CallEnded, CallOpened } from '@atp-router/ledger';
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

/** One usage record against what the upstream served for it. */
function judge(req: string, ended: CallEnded, served: Served): string[] {
  const problems: string[] = [];
  const attempts = ended.attempts.length;
  if (served.requests > attempts)
    problems.push(`lost: ${req} has ${attempts} attempts, the upstream saw ${served.requests}`);
  if (ended.outcome === 'ok') {
    const { in_tokens, out_tokens } = ended.usage;
    if (in_tokens !== SERVED.in_tokens || out_tokens !== SERVED.out_tokens) {
      problems.push(`${req} used ${in_tokens}/${out_tokens} by its record, not what the upstream reported`);
    }
    if (served.usages !== 1)
      problems.push(`${req} is settled, and the upstream served its usage ${served.usages} times`);
    if (attempts !== served.requests) problems.push(`${req} has ${attempts} attempts and ${served.requests} requests`);
  } else if (ended.outcome === 'interrupted') {
    if (attempts > served.requests + 1)
      problems.push(`doubled: ${req} has ${attempts} attempts for ${served.requests}`);
    // Without hedges an attempt begins when the one before it has ended: that one's end, and that it cost nothing, is known.
    if (ended.attempts.slice(0, -1).some((a) => a.cost_usd_nanos > 0))
      problems.push(`${req} pays for a refused attempt`);
    for (const attempt of ended.attempts.filter((a) => a.outcome === 'interrupted')) {
      const { in_tokens, out_tokens } = attempt.usage;
      if (in_tokens <= 0 || out_tokens > COUNTED_MAX) problems.push(`${req} counts ${in_tokens}/${out_tokens}`);
    }
  } else if (ended.outcome !== 'cancelled') problems.push(`${req} ended as ${ended.outcome}: ${ended.error ?? ''}`);
  return problems;
}
