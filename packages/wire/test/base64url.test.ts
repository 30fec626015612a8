import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64Url, toBase64Url } from '../src/index.ts';
import { decodeInLoop, encodeInLoop, isBase64Url } from '../src/json/base64url.ts';

// Lengths on both sides of where the loop goes over to blocks, and with all remainders.
const bytes = fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ minLength: 90, maxLength: 400 }));

describe('base64url', () => {
  it('is that of the runtime, without padding', () => {
    fc.assert(
      fc.property(bytes, (sample) => {
        const text = Buffer.from(sample).toString('base64url');
        expect(toBase64Url(sample)).toBe(text);
        expect(fromBase64Url(text)).toEqual(sample);
        expect(encodeInLoop(sample)).toBe(text);
        expect(decodeInLoop(text)).toEqual(sample);
      }),
      { seed: 2, numRuns: 500 },
    );
  });

  it('has one spelling for each sequence of bytes', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12, unit: fc.constantFrom(...'AQZaz09-_=+/ é') }), (text) => {
        for (const decode of [fromBase64Url, decodeInLoop]) {
          const found = decode(text);
          expect(found !== undefined).toBe(isBase64Url(text));
          if (found !== undefined) expect(toBase64Url(found)).toBe(text);
        }
      }),
      { seed: 3, numRuns: 3_000 },
    );
  });

  it('is refused for one wrong character, wherever it stands in a long text', () => {
    for (const length of [256, 258, 259]) {
      const text = 'Az0_'
        .repeat(65)
        .slice(0, length - 1)
        .padEnd(length, 'A');
      expect(decodeInLoop(text)).toEqual(new Uint8Array(Buffer.from(text, 'base64url')));
      for (let at = 0; at < length; at += 1) {
        for (const wrong of ['=', '+', '/', ' ', '\n', '\0', '\x7f', 'é', 'Ā', '☃']) {
          const damaged = text.slice(0, at) + wrong + text.slice(at + 1);
          expect([fromBase64Url(damaged), decodeInLoop(damaged)]).toEqual([undefined, undefined]);
        }
      }
    }
  });

  // Behind a flag in the oldest engine that is supported, so in a process of its own.
  it('is the same in native code and in loops', () => {
    const flag = 'fromBase64' in Uint8Array ? [] : ['--js-base-64'];
    const script = new URL('support/base64url-native.ts', import.meta.url);
    const options = ['--conditions=atp-source', ...flag, script.pathname];
    expect(execFileSync(process.execPath, options, { encoding: 'utf8' })).toMatch(/^the same for \d{6} texts$/);
  });
});
