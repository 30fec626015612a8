import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeStream, type StreamPart } from '../../src/index.ts';
import { StreamPlaces } from '../../src/strategies/merge-stream.ts';
import { decide, resultOf, said, sceneOf } from './say.ts';
import { viewOf } from './scenes.ts';
import { made } from './tools.ts';

const streaming_merge = made('streaming_merge');

const parts = (...texts: readonly string[]): StreamPart[] =>
  texts.map((text, lane) => ({ lane, text: text.replace('|', ''), weight: 1, is_complete: text.endsWith('|') }));

describe('the stream of what lanes agree on', () => {
  test('has the sentences that more than half have said, in the words of the first', () => {
    expect(mergeStream(parts('A is so. B is', 'A is so. C is', 'No. '), '')).toBe('A is so.');
    expect(mergeStream(parts('**A** is   so! And', '"A is so." And', ''), '')).toBe('**A** is   so!');
    expect(mergeStream(parts('A is so. B is so.|', 'A is so. B is so. ', 'A is so.|'), '')).toBe('A is so. B is so.');
    expect(mergeStream(parts('A is so. ', 'B is so. '), '')).toBe('');
    expect(mergeStream(parts('A is so. '), '')).toBe('A is so.');
    expect(mergeStream([], 'told')).toBe('told');
  });

  test('waits for the end of a sentence, and does not take a part of it for the whole', () => {
    expect(mergeStream(parts('It is 10', 'It is 10', 'It is 10'), '')).toBe('');
    expect(mergeStream(parts('It is 10.', 'It is 10.', ''), '')).toBe('');
    expect(mergeStream(parts('It is 10. Yes. ', 'It is 10.5 ms. Yes. ', 'It is 100. Yes. '), 'It is 10.')).toBe(
      'It is 10.',
    );
    expect(mergeStream(parts('a1. ', 'a 1. ', '-1. '), '')).toBe('');
    expect(mergeStream(parts('x = 1.5. ', 'x = 15. ', 'x = 1,5. '), '')).toBe('');
    expect(mergeStream(parts('不。好', '不。坏', ''), '')).toBe('不。');
  });

  test('goes on with those that said all of it, also in other words', () => {
    const next = parts('A is so. B is so. ', 'a is SO!  B is so. ', 'C. B is so. ');
    expect(mergeStream(next, 'A is so.')).toBe('A is so. B is so.');
    const other = parts('C. B is so. ', 'a is SO!  B is so. ', 'A is sober. B is so. ');
    expect(mergeStream(other, 'A is so.')).toBe('A is so.');
  });

  test('a lane alone decides nothing, whatever it counts', () => {
    const [first, ...rest] = parts('A is so. ', 'B is so. ', 'C is so. ');
    expect(mergeStream([{ ...(first as StreamPart), weight: 100 }, ...rest], '')).toBe('');
  });

  const sentence = fc.constantFrom(
    'It is so. ',
    'it is  so! ',
    'Not so.\n',
    '10. ',
    '10.5 is. ',
    '10.',
    '5 ',
    '好。',
    'end',
    '"Q"? ',
    '\n',
  );
  const streams = fc.array(fc.array(sentence, { maxLength: 6 }), { minLength: 1, maxLength: 5 });

  test('only ever grows, piece by piece, and each told sentence was said by more than half', () => {
    fc.assert(
      fc.property(
        streams,
        fc.array(fc.nat(4), { maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        (lanes, turns, step) => {
          const texts = lanes.map((sentences) => sentences.join(''));
          const ends = texts.map(() => 0);
          let settled = '';
          const places = new StreamPlaces();
          for (const turn of [...turns, ...texts.map((_, lane) => lane), ...texts.map((_, lane) => lane)]) {
            const lane = turn % texts.length;
            ends[lane] = Math.min(texts[lane]?.length ?? 0, (ends[lane] ?? 0) + step);
            const now = texts.map((text, i): StreamPart => {
              const end = ends[i] ?? 0;
              return { lane: i, text: text.slice(0, end), weight: 1, is_complete: end === text.length };
            });
            const next = mergeStream(now, settled);
            expect(next.startsWith(settled)).toBe(true);
            expect(mergeStream(now, next), 'all of it at once').toBe(next);
            expect(mergeStream(now, settled, places), 'from where it was before').toBe(next);
            settled = next;
          }
          const words = (text: string): string =>
            text
              .toLowerCase()
              .replaceAll(/(?:[^a-z0-9好?.]|\.(?!\d))+/g, ' ')
              .trim();
          const saying = texts.filter((text) => words(text).startsWith(words(settled)));
          expect(saying.length).toBeGreaterThan(words(settled) === '' ? -1 : texts.length / 2);
        },
      ),
    );
  });

  test('is bounded: sentences and texts without an end are not told early', () => {
    const endless = parts(`A is so. ${'x'.repeat(5_000)}. `, `A is so. ${'x'.repeat(5_000)}. `);
    expect(mergeStream(endless, '')).toBe('A is so.');
    const long = 'A is so. '.repeat(10_000);
    const told = mergeStream(parts(long, long), '').length;
    expect(told).toBeGreaterThan(65_000);
    expect(told).toBeLessThan(66_000);
  });
});

describe('streaming_merge', () => {
  test('goes on from what was told, with the most votes among those that begin with it', () => {
    const scene = sceneOf([said('x', 'A is so. X.'), said('y', 'a is so! Y.'), said('z', 'Z.'), said('z', 'Z.')], {});
    expect(resultOf(streaming_merge, scene)).toMatchObject({ text: 'Z.', lane: 2 });
    const told = resultOf(streaming_merge, scene, { settled: 'A is so.' });
    expect(told).toMatchObject({ text: 'A is so. X.', lane: 0 });
    expect(told.uncertainties[0]).toContain('lane 2 has more votes');
    const spliced = resultOf(streaming_merge, sceneOf([said('y', 'a is so! Y.')], {}), { settled: 'A is so.' });
    expect(spliced).toMatchObject({ text: 'A is so. Y.', lane: undefined });
  });

  test('what was told is all there is when those who said it are gone', () => {
    const gone = resultOf(streaming_merge, sceneOf([said('z', 'Z.'), undefined], {}), { settled: 'A is so.' });
    expect(gone).toMatchObject({ text: 'A is so.', lane: undefined, confidence: 0 });
    const nobody = decide(streaming_merge, sceneOf([undefined], {}), 1, { settled: 'A is so.' });
    expect(nobody).toMatchObject({ kind: 'done', result: { text: 'A is so.' } });
  });

  test('tells what the stream says, by the weights of the plan', () => {
    const view = viewOf(sceneOf(['A', 'B'], { weights: [3, 1] }), 0);
    const texts = ['A is so. B.', 'A is so. C.', 'D. '].map((text, lane) => ({
      lane,
      source: `s${lane % 2}`,
      text,
      is_complete: false,
    }));
    expect(streaming_merge.stream?.({ ...view, texts, settled: '' })).toBe('A is so.');
  });
});
