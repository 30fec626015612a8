import { afterEach, describe, expect, it } from 'vitest';
import { type TokenCounterWorker, tokenCounterWorker } from '../../src/index.ts';

describe('tokenCounterWorker', () => {
  let counter: TokenCounterWorker | undefined;
  afterEach(() => counter?.close());

  it('counts exactly, over several texts, and treats control tokens as text', async () => {
    counter = tokenCounterWorker();
    // Reference values of o200k_base: "hello world" is two tokens.
    expect(await counter.count(['hello world'])).toBe(2);
    expect(await counter.count(['hello', ' world', ''])).toBe(2);
    expect(await counter.count(['<|endoftext|>'])).toBeGreaterThan(1);
    expect(await counter.count([])).toBe(0);
  });

  it('bounds what waits, and says so', async () => {
    const full = tokenCounterWorker();
    counter = full;
    const counts = Array.from({ length: 80 }, () =>
      full.count(['x']).then(
        (n) => n,
        (e: { code: string }) => e.code,
      ),
    );
    const results = await Promise.all(counts);
    expect(results.filter((r) => r === 1).length).toBe(64);
    expect(results.filter((r) => r === 'backpressure').length).toBe(16);
  });

  it('rejects what waits when it is closed', async () => {
    counter = tokenCounterWorker();
    const pending = counter.count(['hello']).catch((e: { code: string }) => e.code);
    await counter.close();
    expect(await pending).toBe('internal_error');
    expect(await counter.count(['hello']).catch((e: { code: string }) => e.code)).toBe('backpressure');
  });
});
