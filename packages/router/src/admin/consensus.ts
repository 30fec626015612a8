import type { FanoutPlan, Reconciled } from '@atp-router/consensus';
import { compactHeatmap, heatmapOf, STRATEGY_KINDS } from '@atp-router/consensus';
import { AtpError, nanosToMicros } from '@atp-router/kernel';
import type { ConsensusFilter, ConsensusRecord, ConsensusRow } from '@atp-router/ledger';
import type { KeptSession, KeptText } from '../fanout/audit/kept-session.ts';
import { replay } from '../fanout/audit/replay.ts';
import { PAGE_QUERY, pageLimit } from './page.ts';
import type { AdminParts } from './parts.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, notFound, ok, param } from './routes.ts';
import { startedWithin } from './usage.ts';

const OUTCOMES = ['ok', 'error', 'cancelled'] as const;

/** `/consensus`: sessions in which several agents were asked, who said what, and the same answers reconciled again. */
export function addConsensus(routes: AdminRoutes, parts: AdminParts): void {
  const filters = ['tenant', 'policy', 'strategy', 'outcome', 'from', 'to'];
  routes.get('/consensus', [...filters, ...PAGE_QUERY], (request) => list(request, parts));
  routes.get('/consensus/:id', [], (request) => show(request, parts));
  routes.get('/consensus/:id/replay', ['strategy'], (request) => again(request, parts));
}

async function list({ query }: AdminRequest, { ledger }: AdminParts): Promise<AdminReply> {
  const [tenant, policy, after] = [query.text('tenant'), query.text('policy'), query.text('cursor')];
  const strategy = query.oneOf('strategy', STRATEGY_KINDS);
  const outcome = query.oneOf('outcome', OUTCOMES);
  const filter: ConsensusFilter = {
    ...(tenant === undefined ? {} : { tenant }),
    ...(policy === undefined ? {} : { policy }),
    ...(strategy === undefined ? {} : { strategy }),
    ...(outcome === undefined ? {} : { outcome }),
    ...startedWithin(query),
  };
  const page = { limit: pageLimit(query), ...(after === undefined ? {} : { after }) };
  const found = await ledger.consensus.list(filter, page);
  return ok({ data: found.rows.map(rowView), next_cursor: found.next ?? null });
}

async function show(request: AdminRequest, parts: AdminParts): Promise<AdminReply> {
  const { row, sealed } = await recordOf(request, parts);
  const kept = opened(sealed, parts);
  const state = sealed === '' ? 'not_kept' : kept === undefined ? 'not_readable' : 'kept';
  const texts = kept?.lanes.map(({ lane, text }) => ({ lane, text })).filter(({ text }) => text !== '') ?? [];
  const heatmap = texts.length < 2 ? null : compactHeatmap(heatmapOf(texts));
  return ok({ ...rowView(row), answers: state, session: kept === undefined ? null : keptView(kept), heatmap });
}

async function again(request: AdminRequest, parts: AdminParts): Promise<AdminReply> {
  const strategy = request.query.oneOf('strategy', STRATEGY_KINDS);
  const { row, sealed } = await recordOf(request, parts);
  const kept = opened(sealed, parts);
  if (kept === undefined) throw nothingKept(row.call_id, sealed);
  const other = strategy === kept.plan.strategy.kind ? undefined : strategy;
  const replayed = replay(kept, row, parts.engine.parts.reconciler, other);
  const { result, failure, unanswered, doubts } = replayed;
  return ok({
    ...{ call_id: row.call_id, strategy: replayed.strategy, recorded_strategy: kept.plan.strategy.kind },
    same: isSame(kept, result),
    result: result === undefined ? null : resultView(result),
    failure: failure ?? null,
    ...{ unanswered, doubts },
  });
}

async function recordOf(request: AdminRequest, { ledger }: AdminParts): Promise<ConsensusRecord> {
  const id = param(request);
  const record = await ledger.consensus.get(id);
  if (record === undefined) throw notFound(`session of call "${id}" on record`);
  return record;
}

function opened(sealed: string, { engine }: AdminParts): KeptSession | undefined {
  return sealed === '' ? undefined : engine.parts.answers?.open(sealed);
}

function nothingKept(call_id: string, sealed: string): AtpError {
  const why =
    sealed === ''
      ? 'What was said in it was not kept (consensus.keep_answers)'
      : 'What was said in it was sealed with a key that this router does not have; ask the router that ran it, or give all the same store.seal_key';
  return new AtpError('conflict', `The session of call "${call_id}" cannot be replayed. ${why}.`);
}

/** The same words, of the same lane. Of a text that was cut, as far as it is on record. */
function isSame(kept: KeptSession, now: Reconciled | undefined): boolean {
  const result = kept.fell_back ? null : kept.result;
  if (result === null || now === undefined) return result === null && now === undefined;
  return (
    now.lane === (result.lane ?? undefined) &&
    now.text.slice(0, result.text.length) === result.text &&
    (result.text.length < result.chars || now.text.length === result.chars)
  );
}

/** A row as the API shows it: money in micro-dollars, null for what there is none of. */
function rowView(row: ConsensusRow): object {
  const { cost_usd_nanos, lanes, follow_ups, ...rest } = row;
  return {
    ...{ error: null, agreement: null, confidence: null, chosen_lane: null, findings: null },
    ...{ escalation: null, challenger: null, heatmap_summary: null },
    ...renamed(rest),
    lanes: lanes.map((lane) => ({
      ...{ model: null, error: null, reason: null, admitted_ms: null, first_piece_ms: null, ended_ms: null },
      ...inMicros(lane),
    })),
    follow_ups: follow_ups.map((one) => ({ lane: null, ended_ms: null, ...inMicros(one) })),
    cost_usd_micros: nanosToMicros(cost_usd_nanos),
  };
}

function renamed({ heatmap, ...rest }: Omit<ConsensusRow, 'cost_usd_nanos' | 'lanes' | 'follow_ups'>): object {
  return { ...rest, ...(heatmap === undefined ? {} : { heatmap_summary: heatmap }) };
}

function inMicros<T extends { readonly cost_usd_nanos: number }>({ cost_usd_nanos, ...rest }: T): object {
  return { ...rest, cost_usd_micros: nanosToMicros(cost_usd_nanos) };
}

function keptView(kept: KeptSession): object {
  const { plan, standing, steps, steps_cut, lanes, follow_ups, result, error } = kept;
  return {
    plan: planView(plan),
    sources: standing.sources,
    ...{ steps, steps_cut },
    lanes: lanes.map(textView),
    follow_ups: follow_ups.map((one) => ({ ...one, is_cut: one.text !== null && one.text.length < one.chars })),
    result: result === null ? null : { ...textView(result), findings: result.findings },
    decision: result?.why ?? [],
    uncertainties: result?.uncertainties ?? [],
    ...{ failure: error, fell_back: kept.fell_back },
  };
}

function planView({ mode, strategy, members, width, deadline_ms, tau_final }: FanoutPlan): object {
  return {
    ...{ mode, strategy: strategy.kind, weights: strategy.weights, quorum: strategy.quorum ?? null },
    ...{ width: width ?? null, deadline_ms: deadline_ms ?? null, tau_final: tau_final ?? null },
    members: members.map(({ source, model, clone, seed, temperature, persona, is_challenger }) => ({
      ...{ source, model, clone, is_challenger, persona: persona?.role ?? null },
      ...{ seed: seed ?? null, temperature: temperature ?? null },
    })),
  };
}

function textView<T extends KeptText>(text: T): object {
  const { lane } = text as { readonly lane?: number | null };
  return { lane: lane ?? null, text: text.text, chars: text.chars, is_cut: text.text.length < text.chars };
}

function resultView({ text, lane, findings, agreement, confidence, why, uncertainties, shares }: Reconciled): object {
  return {
    ...{ text, lane: lane ?? null, findings: findings ?? null, agreement, confidence },
    ...{ decision: why, uncertainties, shares },
  };
}
