import type { HistoryResult } from './play.ts';
import type { Shrunk } from './shrink.ts';
import { Watch } from './watch.ts';

/** What happened in histories, for who wants to know whether they were worth playing. */
export type HistoryFacts = { histories: number; events: number } & Watch['counts'];

export interface Tally {
  readonly facts: Readonly<HistoryFacts>;
  add(result: HistoryResult): void;
}

export function tallyOf(): Tally {
  const facts: HistoryFacts = { histories: 0, events: 0, ...new Watch().counts };
  const names = Object.keys(facts) as (keyof Watch['counts'])[];
  return {
    facts,
    add: ({ world: { watch } }) => {
      for (const name of names) facts[name] += watch.counts[name] ?? 0;
      facts.histories += 1;
      facts.events += watch.step;
    },
  };
}

/** What did not hold in the history of a seed, and how to see it again. */
export function reportOf(seed: number, { problems }: HistoryResult): string {
  return [
    `History ${seed} breaks a rule:`,
    ...problems,
    `Replay it with ATP_SEED=${seed} npx vitest run packages/flow/test/history.test.ts`,
    `Its cause is easier to see in a smaller one: ATP_SHRINK=1 ATP_SEED=${seed} and the same command`,
  ].join('\n');
}

/** The smallest history that was found to break a rule too. */
export function shrunkReportOf(seed: number, { plan, before, problems }: Shrunk): string {
  return [
    `History ${seed} breaks a rule with ${plan.opening.length + plan.events.length} of its ${before} events too:`,
    ...problems,
    `World: ${JSON.stringify(plan.setting)}`,
    ...[...plan.opening, ...plan.events].map((event) => JSON.stringify(event)),
  ].join('\n');
}
