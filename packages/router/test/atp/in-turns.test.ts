import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inTurns } from '../../src/atp/in-turns.ts';

test('each is asked once, in order, never more than so many at a time, and who fails keeps nobody', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.boolean(), { maxLength: 20 }),
      async (at_once, fails) => {
        let running = 0;
        const asked: number[] = [];
        const ask = inTurns(at_once, async (i: number) => {
          asked.push(i);
          running += 1;
          expect(running).toBeLessThanOrEqual(at_once);
          await Promise.resolve();
          running -= 1;
          if (fails[i] === true) throw new Error('no');
          return i;
        });
        const results = await Promise.allSettled(fails.map((_, i) => ask(i)));
        expect(results.map(({ status }) => status === 'rejected')).toEqual(fails);
        expect(asked).toEqual(fails.map((_, i) => i));
      },
    ),
  );
});
