import { SIDES } from './network.ts';
import type { HistoryResult } from './play.ts';
import type { Shrunk } from './shrink.ts';

/** What happened in histories, for who wants to know whether they were worth playing. */
export interface HistoryFacts {
  histories: number;
  frames: number;
  handed_on: number;
  failed: number;
  fragments: number;
  lost: number;
  repeated: number;
  held_back: number;
  corrupted: number;
  restarts: number;
  resumptions: number;
}

export interface Tally {
  readonly facts: Readonly<HistoryFacts>;
  add(result: HistoryResult): void;
}

export function tallyOf(): Tally {
  const facts: HistoryFacts = {
    histories: 0,
    frames: 0,
    handed_on: 0,
    failed: 0,
    fragments: 0,
    lost: 0,
    repeated: 0,
    held_back: 0,
    corrupted: 0,
    restarts: 0,
    resumptions: 0,
  };
  return {
    facts,
    add: ({ world }) => {
      const { counts } = world.network;
      facts.histories += 1;
      facts.frames += world.watch.quiet.total;
      facts.handed_on += world.watch.messages.handed_on;
      facts.fragments += world.watch.frames.fragments;
      facts.resumptions += world.watch.resumptions;
      facts.lost += counts.lost + counts.overflowed;
      facts.repeated += counts.repeated;
      facts.held_back += counts.held_back;
      facts.corrupted += counts.corrupted;
      for (const side of SIDES) {
        facts.restarts += world.ends[side].life;
        for (const { outcome } of world.watch.messages.allSent(side))
          if (outcome !== undefined && outcome !== 'acknowledged') facts.failed += 1;
      }
    },
  };
}

/** What did not hold in the history of a seed, and how to see it again. */
export function reportOf(seed: number, { problems }: HistoryResult): string {
  return [
    `History ${seed} breaks ${problems.length} rules:`,
    ...problems.slice(0, 10),
    `Replay it with ATP_SEED=${seed} npx vitest run packages/session/test/history.test.ts`,
    `Its cause is easier to see in a smaller one: ATP_SHRINK=1 ATP_SEED=${seed} and the same command`,
  ].join('\n');
}

/** The smallest history that was found to break a rule too: how its ends are made, and what happens. */
export function shrunkReportOf(seed: number, { plan, before, problems }: Shrunk): string {
  return [
    `History ${seed} breaks rules with ${plan.events.length} of its ${before} events too:`,
    ...problems.slice(0, 10),
    `Ends: ${JSON.stringify(plan.setting)}`,
    `Streams, by who opens them: ${plan.streams.map(({ opener }) => opener).join(', ')}`,
    `Good from ${plan.heal_ms} ms, then: ${plan.ending}`,
    ...plan.events.map((event) => JSON.stringify(event)),
  ].join('\n');
}
