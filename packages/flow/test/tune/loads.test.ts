import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Load } from '../../src/tune/load/format.ts';
import { readLoad } from '../../src/tune/load/read.ts';
import { writeLoad } from '../../src/tune/load/write.ts';
import { pidTuner } from '../../src/tune/pid.ts';
import { compare, replay } from '../../src/tune/replay/compare.ts';
import { marginOf, rank } from '../../src/tune/replay/rank.ts';
import { TUNER_KINDS, type TunerKind } from '../../src/tune/tuner.ts';
import { exampleLoads } from './make-loads.ts';
import { scoreWith } from './support.ts';

const root = join(import.meta.dirname, '../../../..');
const folder = join(root, 'examples/loads');
const loads = [...exampleLoads()];
const write = process.env['WRITE_DOCS'] === '1';

/** By so much the worst run of the winner is above the best run of any other. */
const MARGIN = 0.04;
const winnerOf = (name: string): TunerKind => name.replace('.jsonl', '') as TunerKind;
/** With the default seeds, as a user gets it. */
const compared = new Map(loads.map(([name, load]) => [name, rank(compare(load))]));
const loadOf = (name: string): Load => loads.find(([one]) => one === name)?.[1] as Load;

describe.each(loads)('%s', (name, load) => {
  test('is what the generator makes, can be read, and is small', () => {
    const text = writeLoad(load);
    if (write) writeFileSync(join(folder, name), text);
    expect(readFileSync(join(folder, name), 'utf8')).toBe(text);
    expect(readLoad(text)).toEqual(load);
    expect(text.length).toBeLessThan(300_000);
    expect(load.about).toContain('Made by packages/flow/test/tune/make-loads.ts, seed 11.');
  });

  test('its tuner wins by more than noise, also with other seeds', () => {
    for (const ranks of [compared.get(name) ?? [], rank(compare(load, undefined, [101, 102, 103]))]) {
      expect(ranks[0]?.tuner).toBe(winnerOf(name));
      expect(marginOf(ranks)).toBeGreaterThan(MARGIN);
    }
  });
});

test.each([12, 13])('the same tuners win where other calls come: seed %i', (seed) => {
  for (const [name, load] of exampleLoads(seed)) {
    const ranks = rank(compare(load, undefined, [1]));
    expect(ranks[0]?.tuner).toBe(winnerOf(name));
    expect(marginOf(ranks)).toBeGreaterThan(MARGIN / 2);
  }
});

describe('the tuners that lose do not lose by how they are set', () => {
  test('no gains of PID reach the learned tuner where things recur', () => {
    const load = loadOf('learned.jsonl');
    const learned = compared.get('learned.jsonl')?.find(({ tuner }) => tuner === 'learned')?.worst.score ?? 0;
    for (const kp of [0, 0.2, 0.5, 1]) {
      for (const ki of [0.05, 0.1, 0.2, 0.5]) {
        for (const [kd, filter] of [
          [0, 0.3],
          [0.3, 0.6],
        ] as const) {
          const tuner = pidTuner(load.factors, load.goal, { kp, ki, kd, filter, floor: 0.25 });
          expect(scoreWith(load, tuner)).toBeLessThan(learned - 0.02);
        }
      }
    }
  });

  test('no other base makes the static factors reach PID where capacity drifts', () => {
    const load = loadOf('pid.jsonl');
    const pid = replay(load, 'pid', 1).score;
    for (const base of [2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 32, 48]) {
      const other = { ...load, factors: { ...load.factors, base } };
      expect(replay(other, 'static', 1).score).toBeLessThan(pid - 0.02);
    }
  });
});

const HEADS: Readonly<Record<TunerKind, string>> = { static: 'static', pid: 'PID', learned: 'learned, five seeds' };

describe('docs/operations/tuning.md', () => {
  const path = join(root, 'docs/operations/tuning.md');
  const [begin, end] = ['<!-- scores -->\n', '<!-- end of scores -->'];

  test('has the scores as they are', () => {
    const rows = loads.map(([name]) => {
      const ranks = new Map(compared.get(name)?.map((one) => [one.tuner, one]));
      const cells = TUNER_KINDS.map((tuner) => {
        const { worst, best } = ranks.get(tuner) ?? {};
        const [low, high] = [worst?.score.toFixed(3), best?.score.toFixed(3)];
        const text = low === high ? low : `${low} to ${high}`;
        return tuner === winnerOf(name) ? `**${text}**` : text;
      });
      return `| [${name}](../../examples/loads/${name}) | ${cells.join(' | ')} |\n`;
    });
    const head = `| load | ${TUNER_KINDS.map((kind) => HEADS[kind]).join(' | ')} |\n|---|${'---|'.repeat(TUNER_KINDS.length)}\n`;
    const table = `${head}${rows.join('')}`;
    const text = readFileSync(path, 'utf8');
    const [before = '', rest = ''] = text.split(begin);
    const made = `${before}${begin}${table}${end}${rest.split(end)[1] ?? ''}`;
    if (write) writeFileSync(path, made);
    expect(readFileSync(path, 'utf8')).toBe(made);
  });
});
