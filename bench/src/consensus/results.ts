import {
  aliasTable,
  type FollowUpAnswer,
  hashedEmbedder,
  type LaneAnswer,
  ScoreTable,
  type Strategy,
  STRATEGY_KINDS,
  type StrategyKind,
  strategyOf,
  Vectors,
  type View,
} from '@atp-router/consensus';
import { median } from '../stats.ts';
import { answersOf, type Size, viewOf } from './views.ts';

const WARM_UP = 3;

export interface Row {
  readonly name: string;
  /** From the last answer to the result, the time of agents who are asked left out. */
  readonly median_ms: number;
  readonly slowest_ms: number;
  /** Mean CPU time of the thread, which others on the machine disturb less. */
  readonly cpu_ms: number;
  /** Median over the rounds of the time of concatenation in the same round. */
  readonly per_concatenation: number;
}

/** The least that can be done with answers: the key that most have, and all that they found one after the other. */
const BASELINES: Readonly<Record<string, (answers: readonly LaneAnswer[]) => unknown>> = {
  'plain majority': (answers) => {
    const counts = new Map<string, number>();
    for (const { key } of answers) counts.set(key, (counts.get(key) ?? 0) + 1);
    return [...counts].sort(([, a], [, b]) => b - a)[0];
  },
  concatenation: (answers) => JSON.stringify({ findings: answers.flatMap(({ findings }) => findings ?? []) }, null, 2),
};

/** All subjects in turn, round after round, so that a disturbance hits neighbours alike; the first `warm_up` do not count. */
export function measureResults(size: Size, rounds: number, warm_up: number = WARM_UP): Row[] {
  const names = [...Object.keys(BASELINES), ...STRATEGY_KINDS];
  const times = new Map(names.map((name) => [name, [] as Taken[]]));
  for (let round = -warm_up; round < rounds; round += 1) {
    const answers = answersOf(size, 1_000 + round);
    for (const name of names) {
      const baseline = BASELINES[name];
      const taken =
        baseline === undefined ? lastFinal(name as StrategyKind, answers) : timed(() => baseline(answers)).taken;
      if (round >= 0) times.get(name)?.push(taken);
    }
  }
  const reference = times.get('concatenation') ?? [];
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return names.map((name) => {
    const own = times.get(name) ?? [];
    return {
      name,
      median_ms: median(own.map(({ wall_ms }) => wall_ms)),
      slowest_ms: Math.max(...own.map(({ wall_ms }) => wall_ms)),
      cpu_ms: mean(own.map(({ cpu_ms }) => cpu_ms)),
      per_concatenation: median(own.map(({ wall_ms }, round) => wall_ms / (reference[round]?.wall_ms ?? Number.NaN))),
    };
  });
}

/** The strategy has been asked after each answer before, as a session does; what the last one costs is counted. */
function lastFinal(kind: StrategyKind, answers: readonly LaneAnswer[]): Taken {
  const strategy = strategyOf(kind, {
    vectors: new Vectors(hashedEmbedder()),
    aliases: aliasTable(),
    scores: new ScoreTable(),
    cluster: undefined,
  });
  const view = viewOf(kind, answers, answers.length);
  const { documents } = view;
  for (let heard = 1; heard < answers.length; heard += 1) {
    strategy.decide({ ...viewOf(kind, answers, heard), documents });
  }
  return settled(strategy, view);
}

function settled(strategy: Strategy, view: View): Taken {
  let follow_ups: readonly FollowUpAnswer[] = [];
  let [wall_ms, cpu_ms] = [0, 0];
  for (let round = 0; round < 3; round += 1) {
    const { value: verdict, taken } = timed(() => strategy.decide({ ...view, follow_ups }));
    wall_ms += taken.wall_ms;
    cpu_ms += taken.cpu_ms;
    if (verdict.kind === 'done') return { wall_ms, cpu_ms };
    if (verdict.kind !== 'ask') break;
    follow_ups = verdict.asks.map(({ id, role }) => ({ id, role, source: 'other', text: replyOf(role, view) }));
  }
  throw new Error(`${strategy.kind} came to no result`);
}

/** The longest thing that an agent would say: all is confirmed, or the whole of the first answer again. */
function replyOf(role: FollowUpAnswer['role'], view: View): string {
  if (role === 'arbiter') return view.answers[0]?.text ?? '';
  if (role === 'ack') return Array.from({ length: 10 }, (_, i) => `${i + 1}: ACK`).join('\n');
  return role === 'judge' ? 'CHOICE: A' : 'SCORE: 7';
}

interface Taken {
  readonly wall_ms: number;
  readonly cpu_ms: number;
}

function timed<T>(run: () => T): { readonly value: T; readonly taken: Taken } {
  const before = process.threadCpuUsage();
  const started = process.hrtime.bigint();
  const value = run();
  const wall_ms = Number(process.hrtime.bigint() - started) / 1e6;
  const { user, system } = process.threadCpuUsage(before);
  return { value, taken: { wall_ms, cpu_ms: (user + system) / 1e3 } };
}
