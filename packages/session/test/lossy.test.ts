import { describe, expect, it } from 'vitest';
import { History, type HistoryOptions } from './support/history.ts';

const MILD: HistoryOptions = { loss: 0.05, twice: 0.05, late: 0.1, drops: 0, crashes: 0, steps: 60 };
const cases: readonly (readonly [string, HistoryOptions])[] = [
  ['loss, repetition and reordering', { ...MILD, loss: 0.2, twice: 0.1, late: 0.3 }],
  ['drops and resumption', { ...MILD, drops: 0.1 }],
  ['heavy loss, with messages that fail', { ...MILD, loss: 0.7 }],
  ['restarts of a durable server', { ...MILD, drops: 0.05, crashes: 0.1, pair: { server: { durable: true } } }],
  [
    'restarts, small windows and heavy loss',
    {
      ...MILD,
      loss: 0.5,
      late: 0.3,
      drops: 0.05,
      crashes: 0.05,
      pair: {
        client: { durable: true, limits: { pending_messages: 2 } },
        server: { durable: true, limits: { pending_messages: 3 } },
      },
    },
  ],
];

describe('two sessions over a bad connection', () => {
  it.each(cases)('hand on each message once and in order, or fail it at both ends: %s', (_name, options) => {
    const wrong: Record<number, string[]> = {};
    for (let seed = 1; seed <= 40; seed += 1) {
      const { problems } = new History(seed, options).run();
      if (problems.length > 0) wrong[seed] = problems.slice(0, 5);
    }
    expect(wrong).toEqual({});
  });
});
