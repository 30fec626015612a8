import type { Config } from '@atp-router/adapters';
import type { Draw } from '@atp-router/kernel/testing';
import {
  checked,
  drawRequest,
  model,
  policy,
  type PricedModel,
  provider,
  type RequestPlan,
  type Scenario,
  tenant,
} from './scenario.ts';
import { answerOf } from './script.ts';
import type { Answer } from './wire.ts';

const POLICIES = ['f1', 'f2', 'f3'];

/** Whether the policy that it names asks several agents. */
export function isFanout({ model: named }: Pick<RequestPlan, 'model'>): boolean {
  return POLICIES.some((id) => named === `policy:${id}`);
}

function drawConfig(draw: Draw, before?: Config): Config {
  const providers = before?.providers ?? [provider(draw, 'p1'), local(draw), provider(draw, 'p3')];
  const gone = before !== undefined && draw.chance(0.3) ? 'p1' : undefined;
  const kept = providers.filter(({ id }) => id !== gone);
  const models: readonly PricedModel[] = (
    before?.models ?? ['m1', 'm2', 'm3', 'm4'].map((id, i) => drawModel(draw, id, i))
  )
    .filter(({ provider: id }) => id !== gone)
    .map((one) => ({ ...one }));
  const embeds = before === undefined ? draw.chance(0.3) : before.embeddings.type === 'model';
  return checked({
    data_dir: '/nowhere',
    providers: kept,
    models,
    // The model of a local provider, which no reload takes away.
    personas: [{ id: 'mask', role: 'filter', model: 'm2', filter: true, system_prompt: 'Take out names.' }],
    policies: [policy(draw, 'x', models), ...POLICIES.map((id) => fanout(draw, id, models))],
    tenants: ['a', 'b'].map((id) => ({ ...tenant(draw, id), weight: draw.int(1, 3) })),
    flow: { preempt: draw.chance(0.7) },
    limits: { calls_in_flight: draw.chance(0.1) ? 3 : 1_000, stream_duration_ms: draw.chance(0.1) ? 1_000 : 3_600_000 },
    ...(embeds
      ? { embeddings: { type: 'model', model: 'm2', timeout_ms: draw.one(10, 300, 2_000), max_batch: 2 } }
      : {}),
  });
}

function local(draw: Draw): ReturnType<typeof provider> {
  return { ...provider(draw, 'p2'), type: 'openai', base_url: 'http://127.0.0.1:9/v1' };
}

/** Mostly with a price: without one nobody can be asked under a budget in money. */
function drawModel(draw: Draw, id: string, i: number): PricedModel {
  const made = model(draw, id, i);
  return draw.chance(0.6) ? { ...made, price: made.price ?? { in_usd_per_mtok: 1, out_usd_per_mtok: 10 } } : made;
}

function fanout(draw: Draw, id: string, models: readonly PricedModel[]): object {
  const named = draw.shuffled(models).map((one) => one.id);
  const priced = models.filter(({ price }) => price !== undefined).map((one) => one.id);
  const judge = draw.from(named);
  const arbiter =
    priced.length > 0 && draw.chance(0.3) ? { agent: draw.from(priced), max_usd: draw.one(0.000_1, 0.1) } : undefined;
  const extras = {
    ...(draw.chance(0.3) ? { provisional: provisional(draw) } : {}),
    ...(draw.chance(0.4) ? { escalation: [escalation(draw, named)] } : {}),
    ...(draw.chance(0.3) ? { deadline_ms: draw.int(1, 3_000) } : {}),
    ...(draw.chance(0.2) ? { tau_final: draw.one(0.3, 0.7) } : {}),
    ...(draw.chance(0.4) ? { fallback: named.slice(0, draw.int(1, 2)) } : {}),
    ...(arbiter === undefined ? {} : { arbiter }),
    ...(draw.chance(0.4) ? { budget: budget(draw, priced.length === models.length) } : {}),
  };
  const weights = draw.one('learned', 'equal');
  const answer = draw.one('auto', 'number', 'text');
  if (draw.chance(0.2)) {
    const clones = draw.int(2, 5);
    const width = draw.chance(0.6) ? { width: draw.int(1, clones) } : {};
    const risk = draw.one(0, 0.05, 0.3);
    const clone = { mode: 'clone', agents: [draw.from(named)], clones, ...width };
    return { id, fanout: clone, consensus: { strategy: 'self_consistency', answer, weights, risk }, ...extras };
  }
  const strategy = draw.one(
    ...(['majority', 'majority', 'first_win', 'union', 'weighted_merge', 'evidence', 'streaming_merge'] as const),
    ...(['judge', 'judge', 'two_phase', 'champion', 'adaptive', 'arbiter'] as const),
  );
  const kind = strategy === 'arbiter' && arbiter === undefined ? 'majority' : strategy;
  const who = kind === 'judge' || kind === 'two_phase' ? { judge, judge_mode: draw.one('pick', 'verify') } : {};
  const among = {
    mode: draw.one('speculative', 'diverse', 'diverse'),
    agents: agents(draw, named, kind === 'champion'),
  };
  // Whoever is asked beside a filter has to be of this machine.
  const beside = [who.judge, arbiter?.agent, ...(extras.fallback ?? [])].filter((one) => one !== undefined);
  const mask = draw.chance(0.4) && beside.every((one) => isHere(one, models)) ? { filter: 'mask' } : {};
  const select = draw.chance(0.2) ? { select: { top: 2, explore: 0.5 } } : {};
  return {
    id,
    fanout: { ...among, ...mask, ...select },
    consensus: { strategy: kind, answer, weights, ...who },
    ...extras,
  };
}

function isHere(id: string, models: readonly PricedModel[]): boolean {
  return models.some((one) => one.id === id && one.provider === 'p2');
}

/** Some stand there twice, and one more to challenge them. */
function agents(draw: Draw, named: readonly string[], has_challenger: boolean): readonly (string | object)[] {
  const some = [...named.slice(0, draw.int(2, 4)), ...(draw.chance(0.2) ? [draw.from(named)] : [])];
  return has_challenger || draw.chance(0.1) ? [...some, { model: draw.from(named), challenger: true }] : some;
}

function budget(draw: Draw, in_money: boolean): object {
  const tokens = draw.one(100, 500, 5_000, 50_000);
  return in_money ? { tokens, usd: draw.one(0.000_2, 0.002, 0.05) } : { tokens };
}

function provisional(draw: Draw): object {
  const bound = draw.chance(0.5) ? { quorum_min: draw.int(1, 2) } : { agree_min: draw.one(0, 0.5, 0.9) };
  return { ...bound, after_ms: draw.one(0, 0, 200), expiry_ms: draw.int(1, 1_000) };
}

function escalation(draw: Draw, named: readonly string[]): object {
  const when = draw.one('low_conf', 'disagree_high', 'weak_citations', 'test_fail');
  return { when, to: draw.from(named), ...(when === 'test_fail' ? {} : { threshold: draw.one(0.2, 0.6, 1) }) };
}

function drawRequests(draw: Draw): RequestPlan[] {
  const count = draw.one(1, 2, draw.int(2, 6), draw.int(4, 10));
  const span_ms = draw.one(0, 200, 2_000);
  return Array.from({ length: count }, () => {
    const plain = drawRequest(draw, span_ms);
    if (draw.chance(0.3)) return plain;
    const endpoint = draw.one('chat', 'chat', 'messages');
    return {
      ...plain,
      ...{ endpoint, stream: draw.chance(0.5), model: `policy:${draw.from(POLICIES)}` },
      max_tokens: draw.one(5, 100, 300, 4_000),
      max_usd_nanos: draw.chance(0.2) ? draw.int(1, 20_000_000) : undefined,
    };
  });
}

/** Few answers, so that lanes agree at times, and judges and filters say what they are asked for. */
const SAID = [
  'The answer is 42.',
  '42',
  'It is 7, all things considered.',
  'A: 7',
  '0.9',
  'ACK',
  '1: ACK 2: NACK',
  'NACK',
  '   ',
  JSON.stringify({ findings: [finding('high', 2), finding('critical', 3)] }),
  JSON.stringify({ findings: [finding('critical', 3)] }),
  '{"findings":[{"type":"bug","claim":',
];

function finding(severity: string, start_line: number): object {
  const place = { file: 'src/pay.ts', span: { start_line, end_line: start_line } };
  return { type: 'bug', claim: `line ${start_line} pays twice`, severity, evidence: [place], ...place };
}

/** In pieces of whole tokens, of four letters each. */
function drawAnswer(draw: Draw): Answer {
  const said = draw.chance(0.1) ? 'word '.repeat(draw.int(1, 400)) : draw.from(SAID);
  const text = said.padEnd(Math.ceil(said.length / 4) * 4);
  const size = draw.one(4, 8, 400);
  const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
  return answerOf(draw, pieces);
}

/** Calls that several agents are asked, among those that ask one at a time. */
export const FANOUTS: Scenario = { config: drawConfig, requests: drawRequests, answer: drawAnswer };
