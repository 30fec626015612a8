import {
  CONSENSUS_DEFAULTS,
  type Config,
  type ConsensusConfig,
  type FanoutConfig,
  type FanoutMember,
  type PolicyConfig,
} from '@atp-router/adapters';
import {
  type AnswerForm,
  type ArbiterSettings,
  type Escalation,
  type FanoutPlan,
  type Member,
  STRATEGIES,
  STRATEGY_OF_MODE,
  type StrategySettings,
  THRESHOLD_DEFAULT,
} from '@atp-router/consensus';
import { NANOS_PER_USD } from '@atp-router/kernel';
import { type Cast, personaName } from './personas.ts';

/** Pieces of a lane that wait for an earlier one, of the silver tier; what the published draft says. */
const REORDER_MAX = 256;
/** Lanes of a strategy that samples, at once: the fewest that can be a safe majority. */
const SAMPLES_AT_ONCE = 3;

/** The fan-outs of a checked configuration by policy; only of those that have one. */
export function fanoutsOf(config: Config, cast: Cast): ReadonlyMap<string, FanoutPlan> {
  return new Map(
    config.policies.flatMap((policy): [string, FanoutPlan][] =>
      policy.fanout === undefined ? [] : [[policy.id, fanoutPlan(policy, policy.fanout, cast)]],
    ),
  );
}

/**
 * The names that a fan-out asks and whose answers may be the result, each once, as chains have them. Whoever may be asked
 * behind the filter only is not among them; when nobody else is left it is the filter, which is local.
 */
export function chainOfFanout(fanout: FanoutConfig, cast: Cast): readonly string[] {
  const voices = fanout.agents.filter((one) => typeof one === 'string' || !one.challenger).map(nameOf);
  const names = voices.filter((name) => {
    const persona = cast.personaOf(name);
    return persona === undefined || !cast.needsFilter(persona);
  });
  if (names.length === 0 && fanout.filter !== undefined) return [personaName(fanout.filter)];
  return [...new Set(names)];
}

/** Whether one of those that a policy asks wants nobody beyond this machine and its network asked beside it. */
export function keepsLocal({ fallback, fanout, consensus, escalation, arbiter }: PolicyConfig, cast: Cast): boolean {
  const names = [
    ...fallback,
    ...(fanout?.agents ?? []).map(nameOf),
    ...(fanout?.filter === undefined ? [] : [personaName(fanout.filter)]),
    ...(consensus?.judge === undefined ? [] : [consensus.judge]),
    ...escalation.map(({ to }) => to),
    ...(arbiter === undefined ? [] : [arbiter.agent]),
  ];
  return names.some((name) => cast.personaOf(name)?.compliance.includes('no_external') === true);
}

function fanoutPlan(policy: PolicyConfig, fanout: FanoutConfig, cast: Cast): FanoutPlan {
  const { provisional, escalation, arbiter, deadline_ms, tau_final } = policy;
  const strategy = strategyOf(fanout, policy.consensus ?? CONSENSUS_DEFAULTS);
  return {
    mode: fanout.mode,
    members: membersOf(fanout, cast),
    strategy,
    provisional:
      provisional === undefined
        ? undefined
        : {
            quorum_min: provisional.quorum_min,
            agree_min: provisional.agree_min,
            after_ms: provisional.after_ms,
            expiry_ms: provisional.expiry_ms,
          },
    escalations: escalation.map(
      ({ when, threshold, to }): Escalation => ({
        when,
        threshold: threshold ?? THRESHOLD_DEFAULT,
        to: oneOf(to, cast),
      }),
    ),
    arbiter: arbiter === undefined ? undefined : arbiterOf(arbiter, cast),
    judge: policy.consensus?.judge === undefined ? undefined : oneOf(policy.consensus.judge, cast),
    width: fanout.width ?? (STRATEGIES[strategy.kind].is_sampled ? SAMPLES_AT_ONCE : undefined),
    deadline_ms,
    tau_final,
    reorder_max: REORDER_MAX,
    select: fanout.select,
    filter: fanout.filter === undefined ? undefined : oneOf(personaName(fanout.filter), cast),
    falls_back: policy.fallback.length > 0,
  };
}

function arbiterOf({ agent, max_usd }: NonNullable<PolicyConfig['arbiter']>, cast: Cast): ArbiterSettings {
  return { member: oneOf(agent, cast), max_usd_nanos: Math.round(max_usd * NANOS_PER_USD) };
}

function strategyOf({ mode }: FanoutConfig, consensus: ConsensusConfig): StrategySettings {
  const { strategy, answer, quorum, weights, judge, judge_mode, risk, among, ack_severity } = consensus;
  const kind = strategy ?? STRATEGY_OF_MODE[mode];
  const who = { judge, judge_mode };
  return { kind, answer: answerForm(answer), quorum, weights, ...who, risk, among, ack_severity };
}

function answerForm(text: string): AnswerForm {
  if (text === 'json' || text.startsWith('json:')) {
    return { kind: 'json', field: text === 'json' ? undefined : text.slice('json:'.length) };
  }
  return { kind: text === 'choice' || text === 'number' || text === 'text' ? text : 'auto' };
}

function membersOf(fanout: FanoutConfig, cast: Cast): readonly Member[] {
  const { mode, clones, seeds, temperature } = fanout;
  const of_mode = mode === 'clone' ? (clones ?? seeds?.length) : undefined;
  const taken = new Map<string, number>();
  const members = fanout.agents.flatMap((entry): Member[] => {
    const given: Partial<FanoutMember> = typeof entry === 'string' ? {} : entry;
    const one = oneOf(nameOf(entry), cast);
    const persona = one.persona === undefined ? undefined : cast.persona(one.persona.id);
    const count = given.clones ?? of_mode ?? persona?.clones ?? 1;
    const first = given.seed ?? persona?.seed ?? (count > 1 ? 0 : undefined);
    // One source may stand there twice; its lanes count on.
    const before = taken.get(one.source) ?? 0;
    taken.set(one.source, before + count);
    return Array.from(
      { length: count },
      (_, i): Member => ({
        ...one,
        clone: before + i,
        seed: (mode === 'clone' ? seeds?.[i] : undefined) ?? (first === undefined ? undefined : first + i),
        temperature: given.temperature ?? persona?.temperature,
        is_challenger: given.challenger === true,
      }),
    );
  });
  return temperature === undefined ? members : spread(members, temperature);
}

/** Lanes without a temperature of their own share out the range, evenly and in their order. */
function spread(members: readonly Member[], range: NonNullable<FanoutConfig['temperature']>): readonly Member[] {
  const { min, max } = typeof range === 'number' ? { min: range, max: range } : range;
  const steps = Math.max(1, members.filter(({ temperature }) => temperature === undefined).length - 1);
  let place = 0;
  return members.map((member) => {
    if (member.temperature !== undefined) return member;
    // Thousandths: what is sent is a number as somebody would write it.
    const temperature = Math.round((min + ((max - min) * place) / steps) * 1_000) / 1_000;
    place += 1;
    return { ...member, temperature };
  });
}

/** Whoever stands behind a name, once. */
function oneOf(name: string, cast: Cast): Member {
  const persona = cast.personaOf(name);
  const model = persona?.model ?? name;
  return {
    source: name,
    model,
    persona: persona === undefined ? undefined : cast.voice(persona),
    seed: persona?.seed,
    temperature: persona?.temperature,
    clone: 0,
    is_challenger: false,
    is_external: cast.isExternal(model),
  };
}

/** The check has seen to it that there is one. */
function nameOf(entry: string | FanoutMember): string {
  if (typeof entry === 'string') return entry;
  return entry.persona === undefined ? (entry.agent ?? entry.model ?? '') : personaName(entry.persona);
}
