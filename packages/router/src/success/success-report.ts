import type { RouteDecided, RouteFeedback } from '@atp-router/ledger';
import {
  agreementOf,
  fourDigits,
  isJudge,
  NO_PAIRS,
  sourcesOf,
  type VerdictPairs,
  withPair,
} from '@atp-router/routing';

/** What one source and the judge have said of the same answers. */
interface SourceReport {
  /** `person`, `signal`, or `validator:<kind>`. */
  readonly source: string;
  /** Null: all. */
  readonly task_type: string | null;
  readonly n: number;
  readonly agreement: number;
  /** Null: there is nothing to tell apart. */
  readonly kappa: number | null;
}

export interface SuccessReport {
  /** Words of the judge, and how right it took answers to be on the average; null: it has said nothing. */
  readonly judge: { readonly words: number; readonly right: number | null };
  /** By source: on all tasks first, then on each type of task. */
  readonly data: readonly SourceReport[];
}

/** How far a judge and others agree on what is on record. */
export function successOf(events: readonly (RouteDecided | RouteFeedback)[]): SuccessReport {
  const task_types = new Map<string, string | undefined>();
  const words = new Map<string, RouteFeedback[]>();
  for (const event of events) {
    if (event.type === 'route.decided') task_types.set(event.call_id, event.task_type);
    else words.set(event.call_id, [...(words.get(event.call_id) ?? []), event]);
  }
  const pairs = new Map<string, Map<string | null, VerdictPairs>>();
  const judged: number[] = [];
  for (const [call_id, said] of words) {
    const judge = said.find(({ by }) => isJudge(by));
    if (judge === undefined) continue;
    judged.push(judge.right);
    for (const { by, right } of said) {
      for (const source of sourcesOf(by)) add(pairs, source, task_types.get(call_id), judge.right, right);
    }
  }
  const sum = judged.reduce((all, right) => all + right, 0);
  const data = sorted(pairs).flatMap(([source, tasks]) =>
    sorted(tasks).flatMap(([task_type, one]) => reportOf(source, task_type, one)),
  );
  return { judge: { words: judged.length, right: judged.length === 0 ? null : fourDigits(sum / judged.length) }, data };
}

function add(
  pairs: Map<string, Map<string | null, VerdictPairs>>,
  source: string,
  task_type: string | undefined,
  judge: number,
  said: number,
): void {
  const tasks = pairs.get(source) ?? new Map<string | null, VerdictPairs>();
  pairs.set(source, tasks);
  for (const task of task_type === undefined ? [null] : [null, task_type])
    tasks.set(task, withPair(tasks.get(task) ?? NO_PAIRS, judge, said));
}

/** By name; what is of all first. */
function sorted<K extends string | null, V>(all: ReadonlyMap<K, V>): readonly (readonly [K, V])[] {
  return [...all].sort(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1));
}

function reportOf(source: string, task_type: string | null, pairs: VerdictPairs): readonly SourceReport[] {
  const found = agreementOf(pairs);
  if (found === undefined) return [];
  const { n, agreement, kappa } = found;
  return [
    { source, task_type, n, agreement: fourDigits(agreement), kappa: kappa === undefined ? null : fourDigits(kappa) },
  ];
}
