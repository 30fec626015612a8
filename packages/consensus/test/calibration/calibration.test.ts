import { type Rng, seededRng } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Calibrator, Calibrators } from '../../src/index.ts';
import { fitIsotonic } from '../../src/calibration/isotonic.ts';
import { fitSigmoid } from '../../src/calibration/platt.ts';

/** One who says `said` and is right with the chance `truth(said)`. */
function taught(calibrator: Calibrator, count: number, truth: (said: number) => number, rng: Rng): Calibrator {
  for (let i = 0; i < count; i += 1) {
    const said = rng.next();
    calibrator.learn(said, rng.next() < truth(said));
  }
  return calibrator;
}

/** Mean distance of what is made of a confidence from the truth. */
function distance(calibrator: Calibrator, truth: (said: number) => number): number {
  const places = Array.from({ length: 99 }, (_, at) => (at + 1) / 100);
  return places.reduce((sum, said) => sum + Math.abs(calibrator.calibrated(said) - truth(said)), 0) / places.length;
}

const boastful = (said: number): number => 0.25 + 0.3 * said;
const outcome = fc.tuple(fc.double({ min: -0.5, max: 1.5 }), fc.boolean());

describe('calibration', () => {
  test('takes what is said as it is, then learns a sigmoid, then steps', () => {
    const calibrator = new Calibrator();
    expect(calibrator.calibrated(0.9)).toBe(0.9);
    expect(calibrator.ece()).toBeUndefined();
    const rng = seededRng(7);
    expect(taught(calibrator, 29, boastful, rng).basis).toEqual({ kind: 'as_said', samples: 29 });
    expect(taught(calibrator, 1, boastful, rng).basis.kind).toBe('platt');
    expect(taught(calibrator, 970, boastful, rng).basis).toEqual({ kind: 'isotonic', samples: 1_000 });
  });

  test.each([1, 2, 3])('brings what is said nearer to what comes, seed %i', (seed) => {
    const rng = seededRng(seed);
    const asSaid = distance(new Calibrator(), boastful);
    const [few, many] = [taught(new Calibrator(), 300, boastful, rng), taught(new Calibrator(), 20_000, boastful, rng)];
    expect(distance(few, boastful)).toBeLessThan(asSaid / 2);
    expect(distance(many, boastful)).toBeLessThan(asSaid / 5);
    expect(many.ece()).toBeGreaterThan(0.15);
    expect(many.calibratedEce()).toBeLessThan(0.03);
  });

  test('its error is that of the definition', () => {
    const calibrator = new Calibrator();
    for (const [said, right] of [
      [0.9, true],
      [0.9, false],
      [0.2, false],
      [0.2, false],
    ] as const)
      calibrator.learn(said, right);
    expect(calibrator.ece()).toBeCloseTo(0.5 * 0.4 + 0.5 * 0.2);
  });

  test('never falls, never is certain, whatever was learned', () => {
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 60 }), fc.constantFrom(1, 40), (outcomes, times) => {
        const calibrator = new Calibrator();
        for (let i = 0; i < times; i += 1) for (const [said, right] of outcomes) calibrator.learn(said, right);
        let last = 0;
        for (const said of [-1, 0, 0.05, 0.3, 0.5, 0.77, 0.99, 1, 2, Number.NaN]) {
          const chance = calibrator.calibrated(said);
          expect(chance).toBeGreaterThanOrEqual(Number.isNaN(said) ? 0 : last - 1e-12);
          expect(chance).toBeLessThanOrEqual(1);
          if (calibrator.basis.kind !== 'as_said') expect(chance > 0 && chance < 1).toBe(true);
          last = chance;
        }
        for (const error of [calibrator.ece() ?? 0, calibrator.calibratedEce() ?? 0]) {
          expect(error).toBeGreaterThanOrEqual(0);
          expect(error).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test('does not depend on the order of outcomes nor on where they were learned', () => {
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 80 }), fc.nat({ max: 80 }), (outcomes, split) => {
        const [whole, turned, part, rest] = [new Calibrator(), new Calibrator(), new Calibrator(), new Calibrator()];
        for (const [said, right] of outcomes) whole.learn(said, right);
        for (const [said, right] of [...outcomes].reverse()) turned.learn(said, right);
        for (const [at, [said, right]] of outcomes.entries()) (at < split ? part : rest).learn(said, right);
        expect(part.merge(JSON.parse(JSON.stringify(rest.record())))).toBe(true);
        for (const said of [0.1, 0.5, 0.9]) {
          expect(turned.calibrated(said)).toBeCloseTo(whole.calibrated(said), 6);
          expect(part.calibrated(said)).toBeCloseTo(whole.calibrated(said), 6);
        }
      }),
    );
  });

  test('a sigmoid fits: where all were right, where the surer were wrong, and where outcomes are of one', () => {
    const bin = (said: number, count: number, right: number) => ({ count, right, confidence: said * count });
    const sure = fitSigmoid([bin(0.9, 50, 50)]);
    expect(1 / (1 + Math.exp(sure.a * Math.log(9) + sure.b))).toBeCloseTo(51 / 52, 3);
    expect(fitSigmoid([bin(0.1, 50, 50), bin(0.9, 50, 0)])).toEqual({ a: 0, b: 0 });
    const exact = [0.05, 0.2, 0.4, 0.6, 0.8, 0.95].map((said) => {
      const chance = 1 / (1 + Math.exp(-1.7 * Math.log(said / (1 - said)) + 0.6));
      return bin(said, 1_000_000, chance * 1_000_000);
    });
    expect(fitSigmoid(exact).a).toBeCloseTo(-1.7, 3);
    expect(fitSigmoid(exact).b).toBeCloseTo(0.6, 3);
  });

  test('steps pool neighbours in the wrong order', () => {
    const bin = (said: number, right: number) => ({ count: 8, right, confidence: said * 8 });
    const steps = fitIsotonic([bin(0.1, 4), bin(0.3, 1), bin(0.5, 2), bin(0.9, 7)]);
    expect(steps.map(({ chance }) => chance)).toEqual([8 / 26, 8 / 10]);
    expect(steps[0]?.confidence).toBeCloseTo(0.3);
  });
});

describe('records of outcomes', () => {
  test('that cannot have been are refused, and change nothing', () => {
    const calibrator = taught(new Calibrator(), 50, boastful, seededRng(1));
    const record = calibrator.record();
    const before = JSON.stringify(record);
    const bad: unknown[] = [
      undefined,
      {},
      [],
      { ...record, version: 2 },
      { ...record, count: record.count.slice(1) },
      { ...record, count: record.count.map((count) => -count) },
      { ...record, right: record.count.map((count) => count + 1) },
      { ...record, confidence: record.count.map(() => Number.NaN) },
      { ...record, confidence: record.count.map((count) => count * 2) },
    ];
    for (const one of bad) expect(calibrator.merge(one)).toBe(false);
    expect(JSON.stringify(calibrator.record())).toBe(before);
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(new Calibrator().merge(value)).toBe(false);
      }),
    );
  });

  test('are kept for each strategy', () => {
    const first = new Calibrators();
    taught(first.of('majority'), 100, boastful, seededRng(3));
    first.of('judge').learn(0.5, true);
    const second = new Calibrators();
    expect(second.merge(JSON.parse(JSON.stringify(first.record())))).toEqual([]);
    expect(second.record()).toEqual(first.record());
    expect(Object.keys(second.record())).toEqual(['majority', 'judge']);
    expect(second.merge({ majority: {}, __proto__: 1, voodoo: first.record().majority })).toEqual([
      'majority',
      'voodoo',
    ]);
    expect(second.merge(5)).toEqual(['the whole']);
  });
});
