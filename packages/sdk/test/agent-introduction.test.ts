import { seededRng } from '@atp-router/kernel';
import { expect, test } from 'vitest';
import { Introduction } from '../src/agent-introduction.ts';
import { Backoff } from '../src/backoff.ts';

test('what an agent says of itself and nobody answers is lost after a while, and with the third time for good', () => {
  const timers: { readonly run: () => void; readonly delay_ms: number }[] = [];
  const told: (readonly [string, boolean])[] = [];
  const runtime = {
    setTimeout: (run: () => void, delay_ms: number) => timers.push({ run, delay_ms }),
    clearTimeout: () => undefined,
  };
  const introduction = new Introduction(runtime, new Backoff(seededRng(1)), {
    say: () => undefined,
    onLost: (error, is_last) => told.push([error.message, is_last]),
  });
  for (const msg_seq of [0, 1, 2]) {
    introduction.said(msg_seq);
    // Longer than either message is sent again.
    expect(timers.at(-1)?.delay_ms).toBeGreaterThan(60_000);
    timers.at(-1)?.run();
  }
  const why = 'The router did not answer to what the agent says of itself.';
  expect(told).toEqual([false, false, true].map((is_last) => [why, is_last]));
});
