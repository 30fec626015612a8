import type { HistoryFacts } from './facts.ts';
import type { History } from './history.ts';

export interface Tally {
  readonly facts: HistoryFacts;
  add(history: Pick<History, 'facts'>): void;
}

type Sums = { -readonly [Name in keyof HistoryFacts]: number };

/** Sums over many histories. */
export function tallyOf(): Tally {
  const facts: Sums = {
    ...{ histories: 0, lanes: 0, pieces: 0, twice: 0, restarted: 0, paused: 0, asks: 0, asked_out: 0 },
    ...{ provisional: 0, escalated: 0, early: 0, arbitrated: 0, late: 0, aborted: 0, completed: 0, failed: 0 },
    ...{ orders: 0, heard_alike: 0 },
  };
  const names = Object.keys(facts) as (keyof HistoryFacts)[];
  return {
    facts,
    add: (history) => {
      for (const name of names) facts[name] += history.facts[name];
    },
  };
}

/** What did not hold in the history of a seed, and how to see it again. */
export function reportOf(seed: number, { kind, problems }: History): string {
  return [
    `History ${seed} (${kind}) breaks a rule:`,
    ...problems,
    `Replay it with ATP_SEED=${seed} npx vitest run packages/consensus/test/session/history.test.ts`,
  ].join('\n');
}
