import {
  aliasTable,
  type FanoutPlan,
  hashedEmbedder,
  Knowledge,
  type LaneAnswer,
  MIN_SAMPLES,
  type Reconciled,
  ScoreTable,
  type Standing,
  type StrategyKind,
  type StrategySettings,
  strategyOf,
  type StrategyTools,
  Vectors,
  type Verdict,
  type View,
} from '@atp-router/consensus';
import type { Outcome, Task } from './judge.ts';

/** All prompts are calls under one policy, of one hour. */
const POLICY = 'eval';
const TICK = 0;

/** What came of some answers: which one, and how sure the strategy is, before calibration and after. */
export interface Made {
  readonly kind: StrategyKind;
  readonly key: string | undefined;
  readonly said: number;
  readonly confidence: number;
  readonly shares: Reconciled['shares'];
  /** No lane that is not asked yet is likely to change it. */
  readonly is_safe: boolean;
}

/** The strategies of the router and what it knows, over answers that were recorded. */
export class RecordedPanel {
  readonly #knowledge = new Knowledge({ min_samples: MIN_SAMPLES });
  readonly #vectors = new Vectors(hashedEmbedder());
  readonly #aliases = aliasTable();
  readonly #settings: Pick<StrategySettings, 'weights' | 'risk' | 'among'>;

  constructor(settings: Pick<StrategySettings, 'weights' | 'risk' | 'among'>) {
    this.#settings = settings;
  }

  /** As a session decides when `asked` have answered and the others are still to be asked. */
  decide(kind: StrategyKind, task: Task, asked: readonly number[]): Made {
    return this.decider(task)(kind, asked);
  }

  /** The same several times for one task: what is known is looked up once. */
  decider(task: Task): (kind: StrategyKind, asked: readonly number[]) => Made {
    const plan = planOf(task, this.#settings);
    const standing = this.standing(task);
    const scores = this.#knowledge.sum.policy(POLICY)?.scores ?? new ScoreTable();
    const tools = { vectors: this.#vectors, aliases: this.#aliases, scores, cluster: task.category };
    const places = arrivalOf(task);
    const strategies = new Map<StrategyKind, ReturnType<typeof strategyOf>>();
    return (kind, asked) => {
      const strategy = strategies.get(kind) ?? strategyOf(kind, tools satisfies StrategyTools);
      strategies.set(kind, strategy);
      return madeOf(kind, strategy.decide(viewOf(task, plan, standing, asked, places)), task, standing);
    };
  }

  standing(task: Task): Standing {
    return this.#knowledge.standing(POLICY, planOf(task, this.#settings), task.category, TICK);
  }

  /** `is_free`: everybody was asked, whatever the others said. */
  learn({ answers, category }: Task, { key, shares }: Made, asked: readonly number[], is_free: boolean): void {
    const choices = choicesOf(answers);
    const result = key === undefined || key === '' ? -1 : (choices.get(key) ?? -1);
    const lanes = answers.map(({ source, key: own }, lane) => ({
      ...{ source, choice: asked.includes(lane) ? (choices.get(own) ?? -1) : -1, is_partial: false, is_late: false },
      share: shares.find((one) => one.lane === lane)?.share ?? 0,
    }));
    this.#knowledge.learn({ policy: POLICY, cluster: category, result, lanes, is_free }, TICK);
  }

  /** What was right, of those who were asked. Without a score nothing is learned of strategies. */
  feedback(
    { answers, category }: Task,
    { kind, said }: Made,
    asked: readonly number[],
    { right, score, gains }: Pick<Outcome, 'right' | 'gains'> & { readonly score: number | undefined },
  ): void {
    const choices = choicesOf(answers);
    const lanes = answers.map(({ source, key }, lane) => {
      const is_asked = asked.includes(lane);
      return { source, choice: is_asked ? (choices.get(key) ?? -1) : -1, right: is_asked ? right[lane] : undefined };
    });
    this.#knowledge.feedback(
      { policy: POLICY, cluster: category, strategy: kind, confidence: said, score, lanes, gains },
      TICK,
    );
  }

  weight(source: string): number {
    return this.#knowledge.sum.policy(POLICY)?.weight(source, undefined) ?? 1;
  }
}

function choicesOf(answers: Task['answers']): ReadonlyMap<string, number> {
  const choices = new Map<string, number>();
  for (const { key } of answers) if (key !== '' && !choices.has(key)) choices.set(key, choices.size);
  return choices;
}

function viewOf(
  { answers }: Task,
  plan: FanoutPlan,
  standing: Standing,
  asked: readonly number[],
  places: readonly number[],
): View {
  const is_asked = new Set(asked);
  const lanes = answers.map(({ source, key }, lane): LaneAnswer => {
    return { lane, source, text: key, key, findings: undefined, confidence: undefined, is_partial: false };
  });
  return {
    ...{ plan, standing, documents: [], follow_ups: [], settled: '' },
    answers: lanes.filter(({ lane }) => is_asked.has(lane)),
    arrival: places.filter((lane) => is_asked.has(lane)),
    open: lanes.filter(({ lane }) => !is_asked.has(lane)),
    is_last: asked.length === answers.length,
  };
}

function madeOf(kind: StrategyKind, verdict: Verdict, { answers }: Task, standing: Standing): Made {
  if (verdict.kind !== 'done') return { kind, key: undefined, said: 0, confidence: 0, shares: [], is_safe: false };
  const { lane, text, confidence: said, shares } = verdict.result;
  return {
    ...{ kind, said, shares, is_safe: verdict.is_safe },
    key: lane === undefined ? text : answers[lane]?.key,
    confidence: standing.calibrated(kind, said),
  };
}

/** The shortest answer first, where lengths are known. */
function arrivalOf({ answers, tokens }: Task): readonly number[] {
  const lanes = [...answers.keys()].filter((lane) => answers[lane]?.key !== '');
  return tokens === undefined ? lanes : lanes.sort((a, b) => (tokens[a] ?? 0) - (tokens[b] ?? 0) || a - b);
}

function planOf({ answers }: Task, settings: Pick<StrategySettings, 'weights' | 'risk' | 'among'>): FanoutPlan {
  const member = { persona: undefined, seed: undefined, temperature: undefined, clone: 0, is_challenger: false };
  return {
    mode: 'diverse',
    members: answers.map(({ source }) => ({ ...member, source, model: source })),
    strategy: {
      ...{ kind: 'majority', answer: { kind: 'choice' }, quorum: undefined, judge: undefined },
      ...{ judge_mode: 'pick', ack_severity: 'high', ...settings },
    },
    ...{ provisional: undefined, escalations: [], arbiter: undefined, width: undefined, deadline_ms: undefined },
    ...{ tau_final: undefined, reorder_max: 1 },
  };
}
