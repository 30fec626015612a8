import { Draw } from '@atp-router/kernel/testing';
import type { FanoutPlan, StrategyKind } from '../plan.ts';
import { ConsensusSession } from '../session/session.ts';
import type { SessionEffect, SessionEvent } from '../session/types.ts';
import type { FollowUp, Reconciled, Standing } from '../strategy.ts';
import { hash32 } from '../text/hash.ts';
import { partsOf } from './parts.ts';
import { type LaneScript, piecesOf, planOf, replyTo, scriptOf, standingOf } from './world.ts';

/**
 * What the order in which answers arrive changes of a final result. `nothing`: promised, with the same answers heard in the
 * same time. The others say why they cannot promise it.
 */
export const ORDER: Readonly<Record<StrategyKind, 'nothing' | 'who is first' | 'what was told' | 'as the chosen one'>> =
  {
    ...({ union: 'nothing', majority: 'nothing', weighted_merge: 'nothing', two_phase: 'nothing' } as const),
    ...({ champion: 'nothing', self_consistency: 'nothing', evidence: 'nothing', judge: 'nothing' } as const),
    first_win: 'who is first',
    // Where what it wrote cannot be used the first answer stands in for it.
    arbiter: 'who is first',
    streaming_merge: 'what was told',
    adaptive: 'as the chosen one',
    cascade: 'nothing',
  };

/** One set of answers, and who hears them. */
interface Scene {
  readonly plan: FanoutPlan;
  readonly standing: Standing;
  readonly scripts: readonly LaneScript[];
  /** Decides what is said to follow-ups, by what is asked. */
  readonly seed: number;
}

interface Heard {
  readonly result: Reconciled | undefined;
  /** The answer that it gives, whoever's words it is in. */
  readonly key: string;
  /** What became of each lane: who has answered, who is dead, and whom nobody waited for. */
  readonly lanes: string;
}

export interface Orders {
  readonly problems: readonly string[];
  readonly is_heard_alike: boolean;
}

/** The same answers in two orders, as long as it takes to hear them all; of a kind that promises to come to the same. */
export function playOrders(seed: number, kind: StrategyKind): Orders {
  const draw = new Draw(seed);
  const drawn = planOf(draw, kind);
  const plan: FanoutPlan = {
    ...drawn,
    mode: draw.one('diverse', 'clone'),
    strategy: { ...drawn.strategy, risk: 0 },
    ...{ provisional: undefined, escalations: [], deadline_ms: undefined, tau_final: undefined, reserve: undefined },
  };
  const scripts = plan.members.map(() => scriptOf(draw));
  const scene: Scene = { plan, standing: standingOf(draw), scripts, seed };
  const lanes = draw.shuffled(plan.members.map((_, lane) => lane));
  const one = heardIn(scene, lanes, 'first');
  const other = heardIn(scene, draw.chance(0.5) ? lanes.toReversed() : draw.shuffled(lanes), 'last');
  const is_heard_alike = one.lanes === other.lanes;
  const is_same = is_heard_alike
    ? JSON.stringify(one.result) === JSON.stringify(other.result)
    : // An end before all have spoken: no answer that was open could have changed it.
      one.key === other.key;
  const problem = `"${one.key}" of lanes ${one.lanes} in one order, "${other.key}" of ${other.lanes} in another`;
  return { problems: is_same ? [] : [problem], is_heard_alike };
}

/** Lanes end in `order`, as far as they are begun; replies come in that of the questions, or the last one first. */
function heardIn({ plan, standing, scripts, seed }: Scene, order: readonly number[], replies: 'first' | 'last'): Heard {
  const session = new ConsensusSession(partsOf(plan, standing));
  const said = scripts.filter(({ fate }) => fate === 'answers').map(({ text }) => text);
  const waiting: number[] = [];
  const asked: FollowUp[] = [];
  let result: Reconciled | undefined;
  let now_ms = 0;
  const tell = (event: SessionEvent): void => {
    now_ms += 1;
    for (const effect of session.handle(event, now_ms)) take(effect);
  };
  const take = (effect: SessionEffect): void => {
    if (effect.type === 'dispatch') waiting.push(effect.lane);
    if (effect.type === 'ask') asked.push(effect.ask);
    if (effect.type === 'complete') result = effect.result;
  };
  tell({ type: 'start' });
  while (!session.is_over) {
    const lane = order.find((one) => waiting.includes(one));
    const ask = lane !== undefined ? undefined : replies === 'first' ? asked.shift() : asked.pop();
    if (lane !== undefined) {
      waiting.splice(waiting.indexOf(lane), 1);
      for (const event of eventsOf(lane, scripts[lane])) tell(event);
    } else if (ask !== undefined) {
      const draw = new Draw(hash32(ask.id, seed));
      tell({
        type: 'follow_up',
        id: ask.id,
        source: 'asked',
        text: draw.chance(0.2) ? undefined : replyTo(ask.role, said, draw),
      });
    } else break;
  }
  const lanes = session.lanes();
  const own = lanes.find(({ lane }) => lane === result?.lane)?.answer?.key;
  return {
    result,
    key: own === undefined || own === '' ? (result?.text ?? '') : own,
    lanes: lanes.map(({ phase }) => phase.kind).join(', '),
  };
}

function eventsOf(lane: number, script: LaneScript | undefined): readonly SessionEvent[] {
  const error = { code: 'upstream_error', message: 'a history' } as const;
  if (script === undefined || script.fate === 'is_refused') return [{ type: 'rejected', lane, error }];
  const pieces = piecesOf(script.text);
  const said = pieces.map((text, seq): SessionEvent => ({ type: 'piece', lane, seq, text }));
  if (script.fate === 'crashes')
    return [{ type: 'admitted', lane }, ...said.slice(0, 2), { type: 'failed', lane, error }];
  return [{ type: 'admitted', lane }, ...said, { type: 'final', lane, pieces: pieces.length, is_cut: script.is_cut }];
}
