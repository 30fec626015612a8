import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clip } from '../src/index.ts';

describe('a text that is clipped', () => {
  it('keeps what fits, and no half of a pair', () => {
    expect(clip('abc', 3)).toBe('abc');
    expect(clip('abc', 2)).toBe('ab');
    expect(clip('ab😀', 3)).toBe('ab');
    expect(clip('ab😀', 4)).toBe('ab😀');
    expect(clip('😀', 0)).toBe('');
  });

  it('is the longest beginning within its limit that is whole', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), fc.integer({ min: 0, max: 40 }), (text, max) => {
        const clipped = clip(text, max);
        let whole = '';
        for (const point of text) {
          if (whole.length + point.length > max) break;
          whole += point;
        }
        expect(clipped).toBe(whole);
        expect(clipped.isWellFormed()).toBe(true);
      }),
    );
  });
});
