import { randomInt, seededRng } from '@atp-router/kernel';
import { Affinity, type AffinityTarget, type PromptPrefix, promptBlocks, sessionBlock } from '@atp-router/routing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const SETTINGS = { blocks_max: 64, targets_max: 4, sessions_max: 4 };
const TTL_MS = 300_000;
const [A, B] = ['a', 'b'].map((key): AffinityTarget => ({ key, ttl_ms: TTL_MS })) as [AffinityTarget, AffinityTarget];
const place = (target: AffinityTarget, has_room: boolean = true) => ({ ...target, has_room });

function prefix(...blocks: readonly number[]): PromptPrefix {
  return { blocks, block_tokens: 100, tokens: blocks.length * 100 };
}

/** Everything is found that should be there, so often that it is relied on. */
function trusted(core: Affinity, target: AffinityTarget, at_ms: number): void {
  const warm = prefix(9_001);
  for (let i = 0; i < 100; i += 1) core.came(core.sent(target, warm, at_ms), i === 0 ? 0 : 100);
}

describe('blocks of prompts', () => {
  test('prompts have in common what they begin with, and nothing behind the first difference', () => {
    const long = 'x'.repeat(1_000);
    const one = promptBlocks([long, 'a'.repeat(500)], 's', 375, 16);
    const other = promptBlocks([long, 'b'.repeat(500)], 's', 375, 16);
    const same = one.blocks.findIndex((block, i) => block !== other.blocks[i]);
    // 1,000 characters and the end of the text are 15 whole blocks of 64.
    expect(same).toBe(15);
    expect(one.blocks.slice(same).some((block) => other.blocks.includes(block))).toBe(false);
    expect(one.block_tokens * one.blocks.length).toBeLessThanOrEqual(375);
  });

  test('salts keep prompts apart, and where a text ends counts', () => {
    const text = 'y'.repeat(128);
    expect(promptBlocks([text], 's', 32, 16).blocks).not.toEqual(promptBlocks([text], 't', 32, 16).blocks);
    expect(promptBlocks([`${text}z`], 's', 32, 16).blocks[0]).toBe(promptBlocks([text], 's', 32, 16).blocks[0]);
    const [joined, cut] = [`${text}${text}`, [text, text]];
    expect(promptBlocks([joined], 's', 64, 16).blocks).not.toEqual(promptBlocks(cut, 's', 64, 16).blocks);
    expect(sessionBlock('a', 's')).not.toBe(sessionBlock('b', 's'));
  });

  test('a long prompt is read in bounded time: 512 blocks', () => {
    expect(promptBlocks(['z'.repeat(100_000)], 's', 25_000, 16).blocks).toHaveLength(512);
  });

  test('property: blocks are a function of what stands before them', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), fc.string({ maxLength: 200 }), (text, more) => {
        const [short, long] = [text, text + more].map((one) => promptBlocks([one], 's', 100, 16).blocks);
        const whole = Math.floor(text.length / 64);
        expect(long?.slice(0, whole)).toEqual(short?.slice(0, whole));
      }),
    );
  });
});

describe('what is expected of caches', () => {
  test('half of it until the provider has said something, all of it when it always came', () => {
    const core = new Affinity(SETTINGS);
    core.sent(A, prefix(1, 2, 3), 0);
    expect(core.expected(A, prefix(1, 2, 3, 4), 1)).toBe(150);
    expect(core.expected(A, prefix(7, 2, 3), 1)).toBe(0);
    expect(core.expected(B, prefix(1, 2, 3), 1)).toBe(0);
    trusted(core, A, 1);
    expect(core.expected(A, prefix(1, 2, 3, 4), 2)).toBeGreaterThan(280);
  });

  test('a provider that never reports cached tokens is soon expected to have none', () => {
    const core = new Affinity(SETTINGS);
    for (let i = 0; i < 40; i += 1) core.came(core.sent(A, prefix(1, 2, 3), i), 0);
    expect(core.expected(A, prefix(1, 2, 3), 50)).toBeLessThan(30);
  });

  test('what its provider says of time ends it, and what is used again stays', () => {
    const core = new Affinity(SETTINGS);
    core.sent(A, prefix(1, 2), 0);
    core.sent(A, prefix(1), TTL_MS);
    expect(core.expected(A, prefix(1, 2), TTL_MS)).toBe(100);
    expect(core.expected(A, prefix(1, 2), TTL_MS + 1)).toBe(50);
    expect(core.expected(A, prefix(1, 2), 2 * TTL_MS + 1)).toBe(0);
    expect(core.expected({ key: 'a', ttl_ms: 0 }, prefix(1, 2), TTL_MS)).toBe(0);
  });

  test('a hit that did not come shortens the time that is believed in; late hits lengthen it again, up to what was said', () => {
    const core = new Affinity(SETTINGS);
    core.sent(A, prefix(1, 2), 0);
    core.came(core.sent(A, prefix(1, 2), 200_000), 0);
    expect(core.believedTtl_ms(A)).toBe(250_000);
    core.came(core.sent(A, prefix(1, 2), 300_000), 0);
    const shortened = core.believedTtl_ms(A);
    expect(shortened).toBe(175_000);
    // It is no longer expected after so long, and comes all the same.
    core.came(core.sent(A, prefix(1, 2), 300_000 + 280_000), 200);
    expect(core.believedTtl_ms(A)).toBe(TTL_MS);
  });

  test('what failed leaves nothing behind but what had been there', () => {
    const core = new Affinity(SETTINGS);
    core.sent(A, prefix(1, 2), 0);
    core.failed(core.sent(A, prefix(1, 2, 3), 1));
    expect(core.expected(A, prefix(1, 2, 3), 2)).toBe(100);
  });

  test('blocks and targets are bounded: who was used longest ago is forgotten, the end of a prompt before its beginning', () => {
    const core = new Affinity({ blocks_max: 4, targets_max: 2, sessions_max: 1 });
    core.sent(A, prefix(1, 2, 3, 4), 0);
    core.sent(A, prefix(8), 1);
    expect(core.expected(A, prefix(1, 2, 3, 4), 2)).toBe(150);
    core.sent(B, prefix(1), 3);
    core.sent({ key: 'c', ttl_ms: TTL_MS }, prefix(1), 4);
    expect(core.targets).toBe(2);
    expect(core.expected(A, prefix(8), 5)).toBe(0);
  });
});

describe('who of its like goes first', () => {
  const HOW = { spread: false };

  test('the first while no other is warm; the warm one; the first again when the warm one has no room or much to do', () => {
    const core = new Affinity(SETTINGS);
    const big: PromptPrefix = { blocks: [1, 2, 3], block_tokens: 10_000, tokens: 30_000 };
    expect(core.pick([place(A), place(B)], big, 0, HOW)?.key).toBe('a');
    core.came(core.sent(B, big, 0), undefined);
    expect(core.pick([place(A), place(B)], big, 1, HOW)?.key).toBe('b');
    expect(core.pick([place(A), place(B, false)], big, 1, HOW)?.key).toBe('a');
    for (let i = 0; i < 30; i += 1) core.sent(B, prefix(40 + i), 1);
    expect(core.pick([place(A), place(B)], big, 2, HOW)?.key).toBe('a');
    expect(core.pick([], big, 2, HOW)).toBeUndefined();
  });

  test('a session goes where it was, also when its prompt is too short for a block', () => {
    const core = new Affinity(SETTINGS);
    const short: PromptPrefix = { blocks: [], block_tokens: 100, tokens: 40 };
    core.came(core.sent(B, short, 0, 77), 0);
    expect(core.pick([place(A), place(B)], short, 1, { spread: false, session: 77 })?.key).toBe('b');
    expect(core.pick([place(A), place(B)], short, 1, { spread: false, session: 78 })?.key).toBe('a');
  });

  test('spread: cold prompts go where least is under way', () => {
    const core = new Affinity(SETTINGS);
    core.sent(A, prefix(1), 0);
    expect(core.pick([place(A), place(B)], prefix(5), 1, { spread: true })?.key).toBe('b');
  });

  test('property: what is under way is never below nothing, and nothing once all is over', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const rng = seededRng(seed);
        const core = new Affinity(SETTINGS);
        const open: ReturnType<Affinity['sent']>[] = [];
        for (let i = 0; i < 60; i += 1) {
          const target = rng.next() < 0.5 ? A : B;
          if (rng.next() < 0.6) open.push(core.sent(target, prefix(randomInt(rng, 1, 5), randomInt(rng, 6, 9)), i));
          else {
            const sent = open.splice(randomInt(rng, 0, open.length), 1)[0];
            if (sent !== undefined) core.came(sent, rng.next() < 0.5 ? undefined : randomInt(rng, 0, 200));
          }
          for (const one of [A, B]) {
            const expected = core.expected(one, prefix(1, 6), i);
            expect(expected).toBeGreaterThanOrEqual(0);
            expect(expected).toBeLessThanOrEqual(200);
            expect(core.workTokens(one.key)).toBeGreaterThanOrEqual(0);
          }
        }
        for (const sent of open) core.failed(sent);
        expect(core.workTokens('a') + core.workTokens('b')).toBeLessThan(1e-6);
      }),
    );
  });
});
