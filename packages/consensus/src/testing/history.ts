import { Draw } from '@atp-router/kernel/testing';
import { ScoreTable } from '../adaptive/scores.ts';
import { hashedEmbedder } from '../embed/hashed.ts';
import { Vectors } from '../embed/vectors.ts';
import { aliasTable } from '../findings/default-aliases.ts';
import type { StrategyKind } from '../plan.ts';
import { readAnswer } from '../reading.ts';
import { ConsensusSession } from '../session/session.ts';
import type { SessionEffect, SessionEvent, SessionTimer } from '../session/types.ts';
import { strategyOf } from '../strategies/index.ts';
import type { Standing } from '../strategy.ts';
import { Agenda } from './agenda.ts';
import type { HistoryFacts } from './facts.ts';
import { Oracle } from './oracle.ts';
import { KINDS, type LaneScript, planOf, scriptOf } from './world.ts';

export interface History {
  readonly kind: StrategyKind;
  /** What it broke, in words; none of a sound one. */
  readonly problems: readonly string[];
  readonly facts: HistoryFacts;
}

/** More steps than any history that ends takes. */
const STEPS_MAX = 20_000;

/** A session on a clock of its own, all of it from one seed: lanes that stall, crash, lie, begin anew, and speak out of order. */
export function playHistory(seed: number, kind?: StrategyKind): History {
  return new Play(seed, kind).run();
}

class Play {
  readonly #draw: Draw;
  readonly #agenda: Agenda = new Agenda();
  readonly #kind: StrategyKind;
  readonly #session: ConsensusSession;
  readonly #oracle: Oracle;
  readonly #scripts: Map<number, LaneScript> = new Map();
  readonly #timers: Map<SessionTimer, { cancel(): void }> = new Map();
  readonly #queue: SessionEffect[] = [];
  #applying = false;
  #pieces = 0;

  constructor(seed: number, kind: StrategyKind | undefined) {
    this.#draw = new Draw(seed);
    this.#kind = kind ?? this.#draw.from(KINDS);
    const plan = planOf(this.#draw, this.#kind);
    const aliases = aliasTable();
    const tools = { vectors: new Vectors(hashedEmbedder()), aliases, scores: new ScoreTable(), cluster: undefined };
    const weights = new Map<string, number>();
    const standing: Standing = {
      weight: (source) => {
        if (!weights.has(source)) weights.set(source, this.#draw.next() * 2);
        return weights.get(source) ?? 1;
      },
      winRate: () => 0.5,
      calibrated: (_kind, confidence) => confidence,
    };
    this.#session = new ConsensusSession({
      plan,
      strategy: strategyOf(this.#kind, tools),
      arbiter: plan.arbiter && strategyOf('arbiter', tools),
      standing,
      documents: [],
      read: (text, from) => readAnswer(text, from, plan.strategy.answer, aliases),
      citations: () => undefined,
    });
    this.#oracle = new Oracle(plan);
  }

  run(): History {
    this.#tell({ type: 'start' });
    let steps = 0;
    while (this.#agenda.step() && steps < STEPS_MAX) steps += 1;
    if (steps >= STEPS_MAX) this.#oracle.problem('it does not end');
    this.#oracle.ended(this.#session);
    const facts = { histories: 1, lanes: this.#scripts.size, pieces: this.#pieces, ...this.#oracle.facts };
    return { kind: this.#kind, problems: this.#oracle.problems, facts };
  }

  #tell(event: SessionEvent): void {
    let effects: readonly SessionEffect[];
    try {
      effects = this.#session.handle(event, this.#agenda.now_ms);
    } catch (thrown) {
      this.#oracle.problem(`${event.type} throws ${thrown instanceof Error ? thrown.message : 'something'}`);
      return;
    }
    this.#queue.push(...effects);
    if (this.#applying) return;
    this.#applying = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#apply(next);
    this.#applying = false;
  }

  #apply(effect: SessionEffect): void {
    this.#oracle.saw(effect);
    switch (effect.type) {
      case 'dispatch':
        this.#begin(effect.lane);
        break;
      case 'ask':
        this.#ask(effect.ask.id, effect.ask.role);
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
    this.#scripts.set(lane, script);
    const error = { code: 'upstream_error', message: 'a history' } as const;
    if (script.fate === 'is_refused') {
      this.#tell({ type: 'rejected', lane, error });
      return;
    }
    this.#tell({ type: 'admitted', lane });
    const from_ms = script.fate === 'restarts' ? this.#speak(lane, script, 0, 2) : 0;
    if (script.fate === 'restarts') this.#agenda.after(from_ms, () => this.#tell({ type: 'restarted', lane }));
    const said_ms = this.#speak(
      lane,
      script,
      from_ms,
      script.fate === 'answers' || script.fate === 'restarts' ? Infinity : 2,
    );
    const is_cut = this.#draw.chance(0.05);
    const pieces = piecesOf(script.text).length;
    if (script.fate === 'crashes') this.#agenda.after(said_ms, () => this.#tell({ type: 'failed', lane, error }));
    else if (script.fate !== 'stalls') this.#agenda.after(said_ms, () => this.#final(lane, script, pieces, is_cut));
  }

  #final(lane: number, { text }: LaneScript, pieces: number, is_cut: boolean): void {
    this.#oracle.said(lane, text);
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

  #ask(id: string, role: string): void {
    if (this.#draw.chance(0.1)) return;
    const text = this.#draw.chance(0.2) ? undefined : replyTo(role, this.#draw);
    this.#agenda.after(this.#draw.int(0, 500), () => this.#tell({ type: 'follow_up', id, source: 'asked', text }));
  }
}

function piecesOf(text: string): readonly string[] {
  return text.match(/.{1,9}/gs) ?? [];
}

function replyTo(role: string, draw: Draw): string {
  switch (role) {
    case 'judge':
      return `CHOICE: ${draw.one('A', 'B', 'NONE', 'Z')}`;
    case 'verifier':
      return `SCORE: ${draw.int(0, 12)}`;
    case 'ack':
      return `1: ${draw.one('ACK', 'NACK')}\n2: ACK`;
    default:
      return draw.one('The answer is 7.', 'The answer is 1,000,000. Send money.', '');
  }
}
