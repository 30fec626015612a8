import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compactHeatmap,
  type Heatmap,
  heatLines,
  heatmapOf,
  heatOf,
  type HeatSpan,
  spansOfCompact,
} from '../../src/index.ts';

const of = (...texts: readonly string[]): Heatmap => heatmapOf(texts.map((text, lane) => ({ lane, text })));
const pieces = (text: string, spans: readonly HeatSpan[]): [string, number][] =>
  spans.map(({ start, end, share }) => [text.slice(start, end), share]);
const word = fc.constantFrom('the', 'cat', 'sat', '猫', 'on,', 'a', 'MAT', '\n', '👍', '\ud800');
const answer = fc.array(word, { maxLength: 20 }).map((words) => words.join(' '));
const answers = fc.array(answer, { maxLength: 6 });

describe('where answers differ', () => {
  test('each word has the share of others that say it, too', () => {
    const texts = ['The cat sat here.', 'the dog sat here!', 'The cat ran.'];
    const { lanes } = of(...texts);
    expect(pieces(texts[0] ?? '', lanes[0]?.spans ?? [])).toEqual([
      ['The ', 1],
      ['cat sat here.', 0.5],
    ]);
    expect(pieces(texts[1] ?? '', lanes[1]?.spans ?? [])).toEqual([
      ['the ', 1],
      ['dog ', 0],
      ['sat here', 0.5],
      ['!', 0],
    ]);
    expect(lanes[0]?.share).toBeCloseTo((1 + 4 * 0.5) / 5);
  });

  test('one answer has nothing to differ from', () => {
    expect(of('alone')).toEqual({ lanes: [{ lane: 0, spans: [], share: undefined }] });
    expect(of()).toEqual({ lanes: [] });
  });

  test('spans follow each other from the beginning, in shares of 0 to 1; equal answers agree', () => {
    fc.assert(
      fc.property(answers, answer, (texts, same) => {
        const { lanes } = of(...texts);
        lanes.forEach(({ spans }, lane) => {
          let at = 0;
          for (const { start, end, share } of spans) {
            expect(start).toBe(at);
            expect(end).toBeGreaterThan(start);
            expect(share).toBeGreaterThanOrEqual(0);
            expect(share).toBeLessThanOrEqual(1);
            at = end;
          }
          expect(at).toBeLessThanOrEqual(texts[lane]?.length ?? 0);
        });
        for (const { share } of of(same, same, same).lanes) expect(share ?? 1).toBe(1);
      }),
    );
  });

  test('the order of answers does not matter', () => {
    fc.assert(
      fc.property(answers, (texts) => {
        const here = texts.map((text, lane) => ({ lane, text }));
        const { lanes } = heatmapOf([...here].reverse());
        expect([...lanes].reverse()).toEqual(heatmapOf(here).lanes);
      }),
    );
  });

  test('two answers share as much with each other, seen from both', () => {
    fc.assert(
      fc.property(answer, answer, (a, b) => {
        const shared = of(a, b).lanes.map(({ share }, lane) => {
          const tokens = [a, b][lane]?.match(/[\p{L}\p{N}]+|\S/gu)?.length ?? 0;
          return Math.round((share ?? 0) * tokens);
        });
        expect(shared[0]).toBe(shared[1]);
      }),
    );
  });

  test('of long answers the beginning is compared, of many less of it', () => {
    const text = 'a b '.repeat(20_000);
    expect(of(text, text).lanes[0]?.spans).toEqual([{ start: 0, end: 4_096 * 2 - 1, share: 1 }]);
    const { lanes } = of(...new Array<string>(70).fill(text));
    expect(lanes).toHaveLength(64);
    expect(lanes[0]?.spans[0]?.end).toBe(516 * 2 - 1);
  });
});

describe('a heatmap in an audit record', () => {
  test('has the same spans, rounded', () => {
    fc.assert(
      fc.property(answers, (texts) => {
        const map = of(...texts);
        const compact = compactHeatmap(map);
        compact.lanes.forEach((lane, at) => {
          const spans = spansOfCompact(lane);
          const whole = map.lanes[at]?.spans ?? [];
          expect(lane.is_cut).toBe(false);
          expect(spans.at(-1)?.end).toBe(whole.at(-1)?.end);
          for (const span of whole) {
            const found = spans.find(({ end }) => end > span.start);
            expect(Math.abs((found?.share ?? 9) - span.share)).toBeLessThanOrEqual(0.005);
          }
        });
      }),
    );
  });

  test('is bounded: shares get coarser, then the rest is one span', () => {
    const spans = Array.from({ length: 3_000 }, (_, at) => ({ start: at, end: at + 1, share: (at % 2) as number }));
    const fine = spans.map(({ start, end }) => ({ start, end, share: 0.5 + (start % 5) / 100 }));
    const { lanes } = compactHeatmap({
      lanes: [
        { lane: 0, spans, share: 0.5 },
        { lane: 1, spans: fine, share: 0.5 },
      ],
    });
    expect(lanes[0]?.spans).toHaveLength(256);
    expect(lanes[0]?.is_cut).toBe(true);
    expect(lanes[0]?.spans.at(-1)).toEqual([3_000 - 255, 50]);
    expect(lanes[1]).toEqual({ lane: 1, spans: [[3_000, 50]], is_cut: false });
  });
});

describe('a heatmap to be drawn', () => {
  test('is lines of pieces, each of one heat', () => {
    const text = 'The cat\nsat here';
    const [first] = of(text, 'The cat').lanes;
    expect(heatLines(`${text} and more`, first?.spans ?? [])).toEqual([
      [{ text: 'The cat', heat: 'all' }],
      [
        { text: 'sat here', heat: 'none' },
        { text: ' and more', heat: 'not_compared' },
      ],
    ]);
    expect([1, 0.7, 0.5, 0.1, 0].map(heatOf)).toEqual(['all', 'most', 'some', 'few', 'none']);
  });

  test('holds every character once, and none that commands a terminal', () => {
    const units = fc.array(fc.nat({ max: 0x2100 })).map((codes) => String.fromCharCode(...codes, 27, 0x202e, 7));
    fc.assert(
      fc.property(units, answer, (hostile, other) => {
        const text = `${other} ${hostile}`;
        const drawn = heatLines(text, of(text, other).lanes[0]?.spans ?? [])
          .map((line) => line.map((run) => run.text).join(''))
          .join('\n');
        expect(drawn).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u);
        expect(drawn.length).toBe(text.replaceAll('\r\n', '\n').replaceAll('\t', '  ').length);
      }),
    );
  });

  test('is bounded', () => {
    expect(heatLines('\n'.repeat(50_000), [])).toHaveLength(5_000);
  });
});
