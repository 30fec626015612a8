import { Draw } from '@atp-router/kernel/testing';
import { STRATEGY_KINDS } from '../kinds.ts';
import type { FanoutPlan, StrategyKind } from '../plan.ts';
import { ConsensusSession } from '../session/session.ts';
import type { SessionEffect, SessionEvent, SessionTimer } from '../session/types.ts';
import type { FollowUp } from '../strategy.ts';
import { Agenda } from './agenda.ts';
import type { HistoryFacts } from './facts.ts';
import { nagging } from './nagging.ts';
import { Oracle } from './oracle.ts';
import { ORDER, type Orders, playOrders } from './orders.ts';
import { partsOf } from './parts.ts';
import { type LaneScript, piecesOf, planOf, replyTo, scriptOf, standingOf } from './world.ts';

export interface History {
  readonly kind: StrategyKind;
  /** What it broke, in words; none of a sound one. */
  readonly problems: readonly string[];
  readonly facts: HistoryFacts;
}

/** More steps than any history that ends takes. */
const STEPS_MAX = 20_000;

const ERROR = { code: 'upstream_error', message: 'a history' } as const;

/**
 * A session on a clock of its own, all of it from one seed: lanes that stall, crash, lie, begin anew, and speak out of order
 * and twice. Where the order of arrival is promised to change nothing, some answers are then heard in two orders.
 */
export function playHistory(seed: number, kind?: StrategyKind): History {
  return new Play(seed, kind).run();
}

class Play {
  readonly #seed: number;
  readonly #draw: Draw;
  readonly #agenda: Agenda = new Agenda();
  readonly #plan: FanoutPlan;
  readonly #session: ConsensusSession;
  readonly #oracle: Oracle;
  readonly #timers: Map<SessionTimer, { cancel(): void }> = new Map();
  readonly #queue: SessionEffect[] = [];
  /** Its strategy asks on and on. */
  readonly #is_nagging: boolean;
  #applying = false;
  #lanes = 0;
  #pieces = 0;
  #twice = 0;
  #restarted = 0;
  #aborted = 0;

  constructor(seed: number, kind: StrategyKind | undefined) {
    this.#seed = seed;
    this.#draw = new Draw(seed);
    this.#plan = planOf(this.#draw, kind ?? this.#draw.from(STRATEGY_KINDS));
    this.#is_nagging = this.#draw.chance(0.03);
    const parts = partsOf(this.#plan, standingOf(this.#draw));
    const { strategy } = parts;
    this.#session = new ConsensusSession({ ...parts, strategy: this.#is_nagging ? nagging(strategy) : strategy });
    this.#oracle = new Oracle(this.#plan);
  }

  run(): History {
    if (this.#draw.chance(0.04)) this.#agenda.after(this.#draw.int(0, 1_000), () => this.#abort());
    this.#tell({ type: 'start' });
    let steps = 0;
    while (this.#agenda.step() && steps < STEPS_MAX) steps += 1;
    if (steps >= STEPS_MAX) this.#oracle.problem('it does not end');
    this.#oracle.ended(this.#session, !this.#is_nagging);
    const { kind } = this.#plan.strategy;
    const is_promised = ORDER[kind] === 'nothing';
    const orders: Orders | undefined = is_promised && this.#draw.chance(0.5) ? playOrders(this.#seed, kind) : undefined;
    const facts: HistoryFacts = {
      ...{ histories: 1, lanes: this.#lanes, pieces: this.#pieces, twice: this.#twice, restarted: this.#restarted },
      ...this.#oracle.facts,
      aborted: this.#aborted,
      orders: orders === undefined ? 0 : 1,
      heard_alike: orders?.is_heard_alike === true ? 1 : 0,
    };
    return { kind, problems: [...this.#oracle.problems, ...(orders?.problems ?? [])], facts };
  }

  #abort(): void {
    if (this.#session.is_over) return;
    this.#aborted += 1;
    this.#tell({ type: 'abort', error: ERROR });
  }

  #tell(event: SessionEvent): void {
    this.#oracle.hears(event);
    this.#queue.push(...this.#handle(event));
    // What comes twice counts once, whatever it is.
    const may_repeat = 'lane' in event || event.type === 'follow_up';
    if (may_repeat && this.#draw.chance(0.1)) {
      this.#twice += 1;
      const again = this.#handle(event);
      if (again.length > 0) this.#oracle.problem(`${event.type} that comes twice leads to ${again[0]?.type}`);
      this.#queue.push(...again);
    }
    if (this.#applying) return;
    this.#applying = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#apply(next);
    this.#applying = false;
    this.#oracle.settled();
  }

  #handle(event: SessionEvent): readonly SessionEffect[] {
    try {
      return this.#session.handle(event, this.#agenda.now_ms);
    } catch (thrown) {
      this.#oracle.problem(`${event.type} throws ${thrown instanceof Error ? thrown.message : 'something'}`);
      return [];
    }
  }

  #apply(effect: SessionEffect): void {
    this.#oracle.saw(effect, this.#agenda.now_ms, this.#session.strategy);
    switch (effect.type) {
      case 'dispatch':
        this.#begin(effect.lane);
        break;
      case 'ask':
        this.#ask(effect.ask);
        break;
      case 'set_timer': {
        const { timer, delay_ms } = effect;
        this.#timers.set(
          timer,
          this.#agenda.after(delay_ms, () => this.#tell({ type: 'timer', timer })),
        );
        break;
      }
      case 'clear_timer':
        this.#timers.get(effect.timer)?.cancel();
        break;
      default:
        break;
    }
  }

  #begin(lane: number): void {
    const script = scriptOf(this.#draw);
    this.#lanes += 1;
    if (script.fate === 'is_refused') {
      this.#tell({ type: 'rejected', lane, error: ERROR });
      return;
    }
    this.#tell({ type: 'admitted', lane });
    const is_anew = script.fate === 'restarts';
    const from_ms = is_anew ? this.#speak(lane, script, 0, this.#draw.int(1, 12)) : 0;
    if (is_anew) this.#agenda.after(from_ms, () => this.#restart(lane));
    const said_ms = this.#speak(lane, script, from_ms, script.fate === 'answers' || is_anew ? Infinity : 2);
    const pieces = piecesOf(script.text).length;
    if (script.fate === 'crashes')
      this.#agenda.after(said_ms, () => this.#tell({ type: 'failed', lane, error: ERROR }));
    else if (script.fate !== 'stalls') {
      // It may be known how many pieces there are before all of them have come.
      const early_ms = script.is_shuffled && this.#draw.chance(0.3) ? script.pace_ms : 0;
      this.#agenda.after(Math.max(from_ms, said_ms - early_ms), () => this.#final(lane, script, pieces));
    }
  }

  #restart(lane: number): void {
    this.#restarted += 1;
    this.#tell({ type: 'restarted', lane });
  }

  #final(lane: number, { is_cut }: LaneScript, pieces: number): void {
    this.#tell({ type: 'final', lane, pieces, is_cut });
    // What comes behind the last piece is not of the answer.
    if (this.#draw.chance(0.2)) this.#tell({ type: 'piece', lane, seq: pieces, text: ' more' });
  }

  /** Its pieces, as many as it gets to say. Returns when it has said them. */
  #speak(lane: number, { text, pace_ms, is_shuffled }: LaneScript, from_ms: number, most: number): number {
    const pieces = piecesOf(text)
      .slice(0, most)
      .map((piece, seq) => ({ piece, seq }));
    const sent = is_shuffled ? this.#draw.shuffled(pieces) : pieces;
    let at_ms = from_ms;
    for (const { piece, seq } of sent) {
      at_ms += pace_ms;
      const times = is_shuffled && this.#draw.chance(0.2) ? 2 : 1;
      for (let i = 0; i < times; i += 1) {
        this.#pieces += 1;
        this.#agenda.after(at_ms, () => this.#tell({ type: 'piece', lane, seq, text: piece }));
      }
    }
    return at_ms;
  }

  /** Somebody answers, or nobody does; some a second time, with something else. */
  #ask({ id, role }: FollowUp): void {
    if (!this.#is_nagging && this.#draw.chance(0.1)) return;
    const text = this.#draw.chance(0.2) ? undefined : replyTo(role, this.#oracle.said(), this.#draw);
    const at_ms = this.#draw.int(0, 500);
    this.#agenda.after(at_ms, () => this.#tell({ type: 'follow_up', id, source: 'asked', text }));
    if (this.#draw.chance(0.1)) {
      const other = replyTo(role, this.#oracle.said(), this.#draw);
      this.#agenda.after(at_ms + 1, () => this.#tell({ type: 'follow_up', id, source: 'asked', text: other }));
    }
  }
}
