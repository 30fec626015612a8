import { isDeepStrictEqual } from 'node:util';
import type { AttemptIntent, AttemptRecord, CallEnded } from '@atp-router/ledger';
import { type CallHistory, NO_PROGRESS, type Progress } from './history.ts';
import { costOf, isPromised } from './price.ts';
import type { Exchange } from './served.ts';

/** An attempt that a usage record charges, with what was promised for it and what the upstream knows of it. */
interface Charged {
  readonly attempt: AttemptRecord;
  readonly intent: AttemptIntent;
  /** Its last progress record. */
  readonly progress: Progress;
  /** Undefined when the upstream saw no request of it. */
  readonly exchange: Exchange | undefined;
}

/**
 * The attempts of an ended call, one to one: with the intents in the journal, with the ends that the journal holds already,
 * and with the requests that the upstream saw. Then what each of them used, and what that costs.
 */
export function judgeAttempts(req: string, call: CallHistory, exchanges: readonly Exchange[]): string[] {
  const attempts = call.ended?.attempts ?? [];
  const problems = [...intentProblems(req, call, attempts), ...closedProblems(req, call, attempts)];
  // One provider is asked once at a time within a call, so its requests come in the order of the attempts.
  const unclaimed = [...exchanges];
  for (const attempt of [...attempts].sort((a, b) => a.n - b.n)) {
    const at = wasSent(attempt) ? unclaimed.findIndex(({ provider }) => provider === attempt.provider) : -1;
    const [exchange] = at < 0 ? [] : unclaimed.splice(at, 1);
    const intent = call.intents.find(({ n }) => n === attempt.n);
    if (intent === undefined) continue;
    const charged = { attempt, intent, progress: call.progress.get(attempt.n) ?? NO_PROGRESS, exchange };
    const what = `${req}: attempt ${attempt.n} (${attempt.outcome}, ${attempt.usage_source})`;
    const faults = [
      ...exchangeFaults(charged, call.ended),
      ...progressFaults(charged),
      ...usageFaults(charged),
      ...costFaults(charged),
    ];
    problems.push(...faults.map((fault) => `${what} ${fault}`));
  }
  for (const { n, provider } of unclaimed)
    problems.push(`lost: the upstream saw request ${n} of ${req} at ${provider}, no attempt pays for it`);
  return problems;
}

/** A request may have left for it: there was an answer, or what it was about to use is charged. */
function wasSent({ upstream_status, usage_source }: AttemptRecord): boolean {
  return upstream_status !== undefined || usage_source !== 'none';
}

function intentProblems(req: string, { intents }: CallHistory, attempts: readonly AttemptRecord[]): string[] {
  const problems: string[] = [];
  for (const intent of intents) {
    const { n, turn, kind, model, provider } = intent;
    if (intents.filter((one) => one.n === n).length > 1) problems.push(`doubled: ${req} has two intents ${n}`);
    if (!isPromised(intent)) problems.push(`${req}: intent ${n} promises another price than was configured`);
    const found = attempts.filter((attempt) => attempt.n === n);
    if (found.length !== 1) problems.push(`${req}: intent ${n} has ${found.length} attempts in the usage record`);
    if (found.some((attempt) => !isDeepStrictEqual({ ...attempt, turn, kind, model, provider }, attempt)))
      problems.push(`${req}: attempt ${n} is not what its intent says`);
  }
  for (const { n } of attempts)
    if (!intents.some((intent) => intent.n === n)) problems.push(`invented: ${req} has an attempt ${n}, and no intent`);
  return problems;
}

/** An attempt whose end is in the journal keeps it, also through a crash; what a crash interrupted has none. */
function closedProblems(req: string, { closed }: CallHistory, attempts: readonly AttemptRecord[]): string[] {
  const problems: string[] = [];
  for (const record of closed) {
    const { n } = record;
    if (closed.filter((one) => one.n === n).length > 1) problems.push(`doubled: attempt ${n} of ${req} ended twice`);
    if (!attempts.some((attempt) => isDeepStrictEqual(attempt, record)))
      problems.push(`${req}: attempt ${n} had ended otherwise than its usage record says`);
  }
  return problems;
}

/** Whether an attempt had a request at the upstream, and may do without one. */
function exchangeFaults({ attempt, exchange }: Charged, ended: CallEnded | undefined): string[] {
  const { upstream_status, outcome } = attempt;
  if (exchange !== undefined) {
    const is_other = upstream_status !== undefined && upstream_status !== exchange.status;
    return is_other ? [`was answered ${upstream_status}, the upstream said ${exchange.status}`] : [];
  }
  if (upstream_status !== undefined) return ['is doubled: it had an answer, the upstream saw no request of it'];
  // Those that were in flight: when the router died, when their client left, when another one was faster.
  const was_beaten = ended?.attempts.some((other) => other.outcome === 'ok' || other.outcome === 'interrupted');
  const given_up = outcome === 'cancelled' && (ended?.outcome === 'cancelled' || was_beaten === true);
  const in_flight = outcome === 'interrupted' || given_up;
  return in_flight || !wasSent(attempt) ? [] : ['is charged, and the upstream saw no request of it'];
}

/** Whether it is charged what it used. The bounds are those of ADR 5. */
function usageFaults(charged: Charged): string[] {
  const { attempt, exchange } = charged;
  const { outcome, upstream_status, usage_source, usage } = attempt;
  const { in_tokens, out_tokens, ...parts } = usage;
  if (Object.values(parts).some((tokens) => tokens !== 0)) return ['has parts of usage that nobody reported'];
  if (outcome === 'ok') {
    const told = exchange?.usage;
    if (usage_source !== 'reported' || told === undefined) return ['has usage that was not reported'];
    if (in_tokens === told.in_tokens && out_tokens === told.out_tokens) return [];
    return [`used ${in_tokens}/${out_tokens}, the upstream reported ${told.in_tokens}/${told.out_tokens}`];
  }
  if (usage_source === 'none') {
    const was_free = upstream_status === undefined ? outcome !== 'interrupted' : upstream_status >= 300;
    if (!was_free) return ['was accepted, came to no good end and is not counted'];
    return in_tokens + out_tokens > 0 ? [`used ${in_tokens}/${out_tokens}, and none of it is charged`] : [];
  }
  if (usage_source === 'reported') return ['came to no good end and is charged as reported'];
  if (upstream_status !== undefined && upstream_status >= 300) return ['was refused and is charged'];
  return [...promptFaults(charged), ...outputFaults(charged)];
}

function promptFaults({ attempt, intent, exchange, progress }: Charged): string[] {
  const { in_tokens } = attempt.usage;
  // When the router died, what the upstream told is known as far as it was journaled.
  const known =
    attempt.outcome === 'interrupted'
      ? [progress.reported?.in_tokens ?? intent.in_tokens]
      : [intent.in_tokens, exchange?.prompt_tokens, exchange?.usage?.in_tokens];
  return known.includes(in_tokens) ? [] : [`counts ${in_tokens} tokens of prompt, its intent says ${intent.in_tokens}`];
}

/** Last progress ≤ written, and reported as it was told, whatever came of the attempt. */
function progressFaults({ progress, exchange }: Charged): string[] {
  const written = exchange?.out_tokens ?? 0;
  const faults: string[] = [];
  if (progress.out_tokens > written)
    faults.push(`came to ${progress.out_tokens} tokens of output, the upstream had written ${written}`);
  const { reported } = progress;
  if (reported === undefined) return faults;
  if (![exchange?.prompt_tokens, exchange?.usage?.in_tokens].includes(reported.in_tokens))
    faults.push(`journals ${reported.in_tokens} tokens of prompt as reported, and they were not`);
  if (![0, exchange?.usage?.out_tokens].includes(reported.out_tokens) && reported.out_tokens > written)
    faults.push(`journals ${reported.out_tokens} tokens of output as reported, the upstream had written ${written}`);
  return faults;
}

/** Last progress ≤ counted ≤ written; after a crash, exactly the last progress. */
function outputFaults({ attempt, progress, exchange }: Charged): string[] {
  const { out_tokens } = attempt.usage;
  const written = exchange?.out_tokens ?? 0;
  const counts = `counts ${out_tokens} tokens of output`;
  const last = Math.max(progress.out_tokens, progress.reported?.out_tokens ?? 0);
  if (attempt.outcome === 'interrupted') {
    return out_tokens === last ? [] : [`${counts}, its last progress was ${last}`];
  }
  if (out_tokens < last) return [`${counts} after a progress of ${last}`];
  // What was reported at the end of an answer that nobody took counts as well.
  const most = out_tokens === exchange?.usage?.out_tokens ? out_tokens : written;
  return out_tokens > most ? [`${counts}, the upstream had written ${written}`] : [];
}

function costFaults({ attempt, intent }: Charged): string[] {
  const cost = costOf(attempt, intent);
  if (BigInt(attempt.cost_usd_nanos) === cost) return [];
  return [`costs ${attempt.cost_usd_nanos} nano-dollars, by its price ${cost}`];
}
