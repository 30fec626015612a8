import type { HistoryResult } from './play.ts';
import type { Shrunk } from './shrink.ts';
import { type CreditFacts, noFacts } from './scene.ts';

/** Sums of what happened in histories. */
export function tallyOf(): { readonly facts: Readonly<CreditFacts>; add(result: HistoryResult): void } {
  const facts = noFacts();
  return {
    facts,
    add: ({ world }) => {
      for (const name of Object.keys(facts) as (keyof CreditFacts)[]) facts[name] += world.facts[name];
    },
  };
}

const COMMAND = 'npx vitest run packages/flow/test/credit-history.test.ts';

/** What did not hold in the history of a seed, and how to see it again. */
export function reportOf(seed: number, { problems }: HistoryResult): string {
  return [
    `History ${seed} breaks ${problems.length} rules:`,
    ...problems.slice(0, 10),
    `Replay it with ATP_SEED=${seed} ${COMMAND}`,
    `Its cause is easier to see in a smaller one: ATP_SHRINK=1 ATP_SEED=${seed} and the same command`,
  ].join('\n');
}

/** The smallest history that was found to break a rule too. */
export function shrunkReportOf(seed: number, { plan, before, problems }: Shrunk): string {
  const { workers, limits, weather } = plan.setting;
  return [
    `History ${seed} breaks rules with ${plan.events.length} of its ${before} events too:`,
    ...problems.slice(0, 10),
    `${workers} workers; ${JSON.stringify(weather)}`,
    ...[...limits].map(([account, its]) => `${account} ${JSON.stringify(its)}`),
    ...plan.events.map((event) => JSON.stringify(event)),
  ].join('\n');
}
