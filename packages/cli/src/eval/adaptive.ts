import {
  aliasTable,
  type FanoutPlan,
  hashedEmbedder,
  type LaneAnswer,
  type Reconciled,
  type Regret,
  regretOf,
  type Round,
  ScoreTable,
  type Standing,
  type Strategy,
  type StrategyKind,
  strategyOf,
  Vectors,
  type Verdict,
  Voter,
} from '@atp-router/consensus';
import type { Decision, Eval, Task } from './judge.ts';

/** Those that an answer without findings and citations can be scored by, and that ask nobody else. */
export const AMONG: readonly StrategyKind[] = ['majority', 'weighted_merge', 'champion', 'first_win'];

/**
 * The router's own `adaptive`, and beside it all that it may choose among. Scores of strategies are learned by what is told of
 * prompts that are not held out; regret is counted on those that are.
 */
export class AdaptiveEval implements Eval {
  readonly #voter = new Voter();
  readonly #scores = new ScoreTable();
  readonly #vectors = new Vectors(hashedEmbedder());
  readonly #rounds: Round[] = [];

  decide(task: Task): Decision {
    const { category } = task;
    const answers = task.answers.map(({ source, key }, lane): LaneAnswer => answerOf(lane, source, key));
    const view = {
      ...{ plan: planOf(task), documents: [], answers, arrival: arrivalOf(task), open: [], follow_ups: [] },
      ...{ settled: '', is_last: true, standing: this.#standing(category) },
    };
    const keyOf = (strategy: Strategy): Made => madeOf(strategy.decide(view), answers);
    const tools = { vectors: this.#vectors, aliases: ALIASES, scores: this.#scores, cluster: category };
    const { key, confidence } = keyOf(strategyOf('adaptive', tools));
    const others = Object.fromEntries(AMONG.map((kind) => [kind, keyOf(strategyOf(kind, tools)).key]));
    this.#voter.learn(task.answers);
    return { key, confidence, asked: answers.map(({ lane }) => lane), others };
  }

  feedback({ answers, category }: Task, right: Parameters<Eval['feedback']>[1]): void {
    this.#voter.feedback(answers, right, category);
  }

  /** What the strategies made of the task decided last. Nothing is learned of strategies from one that is held out. */
  scored({ category }: Task, gains: Round['gains'], is_held_out: boolean, is_told: boolean): void {
    if (!is_held_out && !is_told) return;
    this.#rounds.push({ cluster: category, gains, is_held_out });
    if (is_held_out) return;
    for (const kind of AMONG) this.#scores.learn(kind, category, gains[kind] ?? Number.NaN);
  }

  weight(source: string): number {
    return this.#voter.weight(source);
  }

  regret(): Regret {
    return regretOf(this.#rounds, AMONG);
  }

  #standing(category: string | undefined): Standing {
    return {
      weight: (source) => this.#voter.weight(source, category),
      winRate: () => 0.5,
      calibrated: (_kind, confidence) => confidence,
    };
  }
}

const ALIASES = aliasTable();

interface Made {
  readonly key: string | undefined;
  readonly confidence: number;
}

function madeOf(verdict: Verdict, answers: readonly LaneAnswer[]): Made {
  if (verdict.kind !== 'done') return { key: undefined, confidence: 0 };
  const { lane, text, confidence }: Reconciled = verdict.result;
  return { key: lane === undefined ? text : answers[lane]?.key, confidence };
}

function answerOf(lane: number, source: string, key: string): LaneAnswer {
  return { lane, source, text: key, key, findings: undefined, confidence: undefined, is_partial: false };
}

/** The shortest answer first, where lengths are known. */
function arrivalOf({ answers, tokens }: Task): readonly number[] {
  const lanes = [...answers.keys()].filter((lane) => answers[lane]?.key !== '');
  return tokens === undefined ? lanes : lanes.sort((a, b) => (tokens[a] ?? 0) - (tokens[b] ?? 0) || a - b);
}

function planOf({ answers }: Task): FanoutPlan {
  const member = { persona: undefined, seed: undefined, temperature: undefined, clone: 0, is_challenger: false };
  return {
    mode: 'diverse',
    members: answers.map(({ source }) => ({ ...member, source, model: source })),
    strategy: {
      ...{ kind: 'adaptive', answer: { kind: 'choice' }, quorum: undefined, weights: 'learned', judge: undefined },
      ...{ judge_mode: 'pick', risk: 0, among: AMONG, ack_severity: 'high' },
    },
    ...{ provisional: undefined, escalations: [], arbiter: undefined, width: undefined, deadline_ms: undefined },
    ...{ tau_final: undefined, reorder_max: 1 },
  };
}
