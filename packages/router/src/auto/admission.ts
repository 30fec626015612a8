import type { FanoutPlan, Member } from '@atp-router/consensus';
import { AtpError } from '@atp-router/kernel';
import type { ModelEntry, Plan, RequestFacts } from '@atp-router/routing';
import type { EngineParts } from '../engine/parts.ts';
import { nowOf } from '../engine/ports.ts';
import { type CallRequest, canCompare } from '../engine/request.ts';
import type { Fanout } from '../fanout/types.ts';
import type { Generation } from '../generation/generation.ts';
import type { AutoChoice } from './auto-choice.ts';
import { expectedAt, warmthOf } from '../affinity/warm-first.ts';
import type { AutoAsked, Who } from './types.ts';

/** Targets of a plain call that `auto` has chosen: the first, and two to fall back on. */
const TARGETS_MAX = 3;
/** Pieces of a lane that wait for an earlier one: lanes of a cascade run alone, and in order. */
const REORDER_MAX = 256;
/** In place of a policy, where none matches. */
const AUTO = 'auto';

/** Whom `auto` chooses by what was learned; undefined where nothing is to be chosen, or the static score does it. */
export function choiceOf(
  request: CallRequest,
  plan: Plan,
  facts: RequestFacts,
  generation: Generation,
  parts: EngineParts,
): AutoChoice | undefined {
  const models = plan.free?.models;
  if (models === undefined || request.kind !== 'generate') return undefined;
  if (parts.chooser === undefined || models.length < 2) return undefined;
  const texts = request.promptTexts();
  const warmth = warmthOf(request, models, plan, texts, facts, generation, parts);
  const whos = models.map((model) => ({ id: model.id, model }));
  const cached = warmth && ((model: ModelEntry): number => expectedAt(warmth, model));
  const choice = chosen(request, whos, facts, generation, parts, { texts: () => texts, cached });
  if (warmth !== undefined) warmth.desk.follow(request.call_id, warmth.look, warmth.targets);
  return choice;
}

function chosen(
  request: CallRequest,
  whos: readonly Who[],
  facts: RequestFacts,
  { routing }: Generation,
  { chooser, observed, ambient, intensity }: EngineParts,
  more: Partial<Pick<AutoAsked, 'texts' | 'cached'>> = {},
): AutoChoice | undefined {
  if (chooser === undefined || whos.length < 2) return undefined;
  const asked = {
    ...{ whos, facts, observed, intensity, quality: request.options.quality },
    can_look: canCompare(request),
    stream: request.stream,
    texts: () => request.promptTexts(),
    ...more,
  };
  return chooser.choose(asked, routing, nowOf(ambient));
}

/** The plan of a call with the order that was chosen. */
export function chosenPlan(routed: Plan, choice: AutoChoice): Plan {
  const { models: all = [], why = [] } = routed.free ?? {};
  const models = choice.order.flatMap((id) => all.find((model) => model.id === id) ?? []);
  const targets = choice.plan === 'single' ? models.slice(0, TARGETS_MAX) : models;
  return { ...routed, targets, why: [...why, ...choice.why] };
}

/** A cascade as a fan-out: one lane, and behind it those who may still be asked. Undefined: one is asked, and no more. */
export function cascadeOf(
  { facet }: CallRequest,
  choice: AutoChoice,
  { policy, agent, targets: models }: Plan,
  facts: RequestFacts,
  generation: Generation,
  parts: EngineParts,
): Fanout | undefined {
  if (choice.plan === 'single' || facet === undefined) return undefined;
  const system = agent?.system_prompt === undefined ? [] : [agent.system_prompt];
  const voice = ({ model: id }: Member): ReturnType<Fanout['voice']> => {
    const model = models.find((one) => one.id === id);
    const targets = model === undefined ? [] : [parts.priced(generation.targetOf(model), facts.tenant.id)];
    return { targets, system, qos: facts.qos };
  };
  const plan = oneAfterAnother(EMPTY, models.map(memberOf), choice);
  return { policy: policy?.id ?? AUTO, plan, facet, voice, chosen: choice.why, chain: undefined, choice };
}

/** Among the members of a policy, which are asked one after another: in the order that was chosen, else in its own. */
export function cascadeAmong(
  request: CallRequest,
  fanout: Fanout,
  facts: RequestFacts,
  generation: Generation,
  parts: EngineParts,
): Fanout {
  const members = fanout.plan.members.filter(({ is_challenger, clone }) => !is_challenger && clone === 0);
  const whos = members.flatMap((member): Who[] => {
    const voice = fanout.voice(member);
    const target = voice instanceof AtpError ? undefined : voice.targets[0];
    return target === undefined ? [] : [{ id: member.source, model: target.model }];
  });
  const choice = chosen(request, whos, facts, generation, parts);
  const order = choice?.order ?? whos.map(({ id }) => id);
  const ordered = order.flatMap((id) => members.find(({ source }) => source === id) ?? []);
  const plan = oneAfterAnother(fanout.plan, ordered.length === 0 ? members : ordered, choice);
  return { ...fanout, plan, choice, chosen: [...fanout.chosen, ...(choice?.why ?? [])] };
}

function memberOf({ id, is_local }: ModelEntry): Member {
  return {
    ...{ source: id, model: id, persona: undefined, seed: undefined, temperature: undefined },
    ...{ clone: 0, is_challenger: false, is_external: is_local !== true },
  };
}

function oneAfterAnother(
  plan: FanoutPlan,
  [first, ...reserve]: readonly Member[],
  choice: AutoChoice | undefined,
): FanoutPlan {
  const late_ms = choice?.late_ms;
  return {
    ...plan,
    members: first === undefined ? [] : [first],
    reserve,
    ...(late_ms !== undefined && { late_ms }),
  };
}

const EMPTY: FanoutPlan = {
  mode: 'speculative',
  members: [],
  strategy: {
    ...{ kind: 'cascade', answer: { kind: 'auto' }, quorum: undefined, weights: 'learned' },
    ...{ judge: undefined, judge_mode: 'pick', risk: 0, among: [], ack_severity: 'critical' },
  },
  ...{ provisional: undefined, escalations: [], arbiter: undefined, width: undefined },
  ...{ deadline_ms: undefined, tau_final: undefined, reorder_max: REORDER_MAX },
};
