import { STRATEGIES, STRATEGY_OF_MODE, type StrategyKind, THRESHOLD_DEFAULT } from '@atp-router/consensus';
import type { ConfigWarning } from './problem.ts';
import { mostAtOnce } from './rules-lanes.ts';
import { AMONG_DEFAULT, RISK_DEFAULT } from './schema-fanout.ts';
import type { Config } from './types.ts';
import type { EscalationConfig, FanoutConfig, PolicyConfig } from './types-policy.ts';

type Warn = (at: string, message: string) => void;

/** What of a fan-out never comes about, or comes about at once. */
export function fanoutWarnings(config: Config, policy: PolicyConfig, path: string): ConfigWarning[] {
  const { fanout, fallback, hedge_after_ms } = policy;
  if (fanout === undefined) return [];
  const warnings: ConfigWarning[] = [];
  const warn: Warn = (at, message) => void warnings.push({ path: `${path}.${at}`, message });
  const names = voicesOf(config, fanout);
  const voices = mostAtOnce(names, fanout.select?.top);
  const kind = policy.consensus?.strategy ?? STRATEGY_OF_MODE[fanout.mode];
  if (voices === 1 && names.size === 1 && fanout.mode !== 'clone' && kind !== 'champion') {
    warn('fanout.agents', 'there is one voice, so there is nothing to agree on. Name another, or use "fallback"');
  }
  if (hedge_after_ms !== undefined && fallback.length === 0) {
    warn(
      'hedge_after_ms',
      'hedges are of a chain, and there is no "fallback": several agents are asked at once anyway',
    );
  }
  if (fanout.select?.top === names.size) {
    warn('fanout.select', 'all are asked, so none is chosen. Take fewer as "top", or take "select" out');
  }
  const kinds = kind === 'adaptive' ? [kind, ...(policy.consensus?.among ?? AMONG_DEFAULT)] : [kind];
  unused(policy, kinds, warn);
  extremes(policy, kinds, warn);
  for (const [i, entry] of policy.escalation.entries()) {
    const never = neverHolds(entry, policy, kind, voices);
    if (never !== undefined) warn(`escalation[${i}]`, never);
  }
  if (policy.arbiter !== undefined && policy.escalation.length === 0 && kind !== 'arbiter') {
    const why = `the strategy ${kind} asks none, and there is no "escalation" after which it would decide`;
    warn('arbiter', `the arbiter is never asked: ${why}. Its part of the budget is kept from the lanes all the same`);
  }
  return warnings;
}

/** Answers that may count, by who gives them: clones are several, challengers are none. */
function voicesOf({ personas }: Config, { agents, mode, clones, seeds }: FanoutConfig): ReadonlyMap<string, number> {
  const of_mode = mode === 'clone' ? (clones ?? seeds?.length) : undefined;
  const by_name = new Map<string, number>();
  for (const entry of agents) {
    const member = typeof entry === 'string' ? { model: entry, challenger: false } : entry;
    if (member.challenger) continue;
    const name = member.persona === undefined ? (member.agent ?? member.model ?? '') : `persona:${member.persona}`;
    const of_persona = personas.find(({ id }) => `persona:${id}` === name)?.clones;
    by_name.set(name, (by_name.get(name) ?? 0) + (member.clones ?? of_mode ?? of_persona ?? 1));
  }
  return by_name;
}

/** What only one strategy reads. All of it stands in a file that was written out, so what is as it comes says nothing. */
function unused({ consensus }: PolicyConfig, kinds: readonly StrategyKind[], warn: Warn): void {
  if (consensus === undefined) return;
  const among = `${consensus.among}` !== `${AMONG_DEFAULT}`;
  const given: readonly (readonly [key: string, is_given: boolean, of: StrategyKind])[] = [
    ['among', among, 'adaptive'],
    ['risk', consensus.risk !== RISK_DEFAULT, 'self_consistency'],
    ['judge_mode', consensus.judge_mode !== 'pick', 'judge'],
    ['ack_severity', consensus.ack_severity !== 'critical', 'two_phase'],
  ];
  for (const [key, is_given, of] of given) {
    if (!is_given || kinds.includes(of)) continue;
    warn(`consensus.${key}`, `"${key}" is of the strategy ${of} only, and this one is ${kinds[0]}: it changes nothing`);
  }
}

/** Ends of scales, at which what they are the scale of is always so or never. */
function extremes(
  { tau_final, consensus, provisional }: PolicyConfig,
  kinds: readonly StrategyKind[],
  warn: Warn,
): void {
  if (tau_final === 0) {
    const meaning = 'every result is as sure as that: the first answer ends the call, whoever is still to answer';
    warn('tau_final', `${meaning}. Leave it out to hear all, or use the strategy first_win`);
  }
  const is_sampled = kinds.includes('self_consistency');
  if (is_sampled && consensus?.risk === 0) {
    warn(
      'consensus.risk',
      'sampling stops only when nothing can change the majority any more, as with the strategy majority',
    );
  }
  if (is_sampled && consensus?.risk === 1) {
    warn('consensus.risk', 'any chance of another outcome is taken: the first answer is the result');
  }
  if (provisional?.agree_min === 0) {
    warn('provisional.agree_min', 'any two answers agree so much, whatever they say: "quorum_min: 2" is the same');
  }
}

const HEARS_ALL = 'A strategy that hears all is weighted_merge';

/** Why a trigger does not hold when one would think that it does. */
function neverHolds(
  { when, threshold = THRESHOLD_DEFAULT }: EscalationConfig,
  { fanout, consensus }: PolicyConfig,
  kind: StrategyKind,
  voices: number,
): string | undefined {
  if (when === 'test_fail') return undefined;
  if (threshold === 0) return `nothing is below a threshold of 0: ${when} never holds`;
  if (when !== 'disagree_high') return undefined;
  if (kind === 'first_win') {
    return `first_win takes one answer and hears no other that could disagree: disagree_high never holds. ${HEARS_ALL}`;
  }
  if (!STRATEGIES[kind].stops_early || voices < 2) return undefined;
  if (threshold * voices <= 1) {
    const least = `of ${voices} answers one always has ${rounded(1 / voices)} of the votes or more`;
    return `${least}, which is not below ${threshold}: disagree_high does not hold however they differ. Raise "threshold", or name more members. ${HEARS_ALL}`;
  }
  // So many equal answers no others can outvote: a tie goes to the first lane.
  const safe = Math.ceil(voices / 2);
  const quorum = fanout?.mode === 'speculative' ? (consensus?.quorum ?? safe) : safe;
  const enough = Math.min(safe, quorum);
  if (threshold * voices <= enough) return undefined;
  const stop = `${kind} may end with ${enough} of ${voices} answers, once no other can outvote ${enough === 1 ? 'it' : 'them'}`;
  return `${stop}, and whoever is stopped then cannot disagree: disagree_high may not hold where it should. ${HEARS_ALL}`;
}

function rounded(value: number): string {
  return value.toFixed(2);
}
