import { isAtpError } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compileMatch,
  evaluate,
  factsOfObject,
  factsOfText,
  implies,
  leavesOf,
  lintMatches,
  parseMatch,
  traceOf,
} from '../../src/index.ts';
import { anyFacts, anyNames, rawMatch } from './arbitrary.ts';
import { naive } from './naive.ts';

const WORDS = { true: 'yes', false: 'no', undefined: 'unknown' } as const;

describe('any match', () => {
  test('holds exactly where its text says so', () => {
    const seen = { yes: 0, no: 0, unknown: 0 };
    fc.assert(
      fc.property(rawMatch, anyNames, anyFacts, (raw, names, facts) => {
        const outcome = evaluate(compileMatch(raw), { names, facts });
        seen[outcome] += 1;
        expect(outcome).toBe(WORDS[`${naive(raw, names, facts)}`]);
      }),
      { numRuns: 3_000 },
    );
    // What never happened was not tested.
    for (const times of Object.values(seen)) expect(times).toBeGreaterThan(50);
  });

  test('has a trace whose lines are its conditions, and which agrees with the result', () => {
    fc.assert(
      fc.property(rawMatch, anyNames, anyFacts, (raw, names, facts) => {
        const match = compileMatch(raw);
        const subject = { names, facts };
        const steps = traceOf(match, subject);
        expect(steps.filter(({ expected }) => expected !== '')).toHaveLength(leavesOf(match).length);
        const top = steps.filter(({ depth }) => depth === 0).map(({ outcome }) => outcome);
        const whole = top.includes('no') ? 'no' : top.includes('unknown') ? 'unknown' : 'yes';
        expect(evaluate(match, subject)).toBe(whole);
        for (const { expected, actual, outcome } of steps)
          if (expected !== '' && actual === 'unknown') expect(outcome).toBe('unknown');
      }),
    );
  });

  test('that implies another never holds without it, and one that cannot hold never does', () => {
    const seen = { implied: 0, dead: 0 };
    fc.assert(
      fc.property(rawMatch, rawMatch, anyNames, anyFacts, (a, b, names, facts) => {
        const [first, second] = [compileMatch(a), compileMatch(b)];
        const both = compileMatch({
          all_of: [a, b].filter((one) => Object.keys(one).length > 0).concat({ risk: 'low' }),
        });
        const subject = { names, facts };
        if (evaluate(first, subject) === 'yes' && implies(first, second)) {
          seen.implied += 1;
          expect(evaluate(second, subject)).toBe('yes');
        }
        if (lintMatches([{ id: 'p', match: both }]).length === 0) return;
        seen.dead += 1;
        expect(evaluate(both, subject)).not.toBe('yes');
      }),
      { numRuns: 3_000 },
    );
    for (const times of Object.values(seen)) expect(times).toBeGreaterThan(20);
  });
});

describe('whatever stands in a file', () => {
  test('is read, with complaints that say where and what, and nothing is thrown', () => {
    const keys = fc.constantFrom('risk', 'facts', 'any_of', 'all_of', 'not', 'diff_loc', 'qos', 'zz', 'any', 'x');
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 6 },
        fc.oneof(
          fc.string(),
          fc.double(),
          fc.boolean(),
          fc.constant(null),
          fc.constantFrom('>1', '..', '1..', '>=x', '=='),
        ),
        fc.array(tie('any'), { maxLength: 4 }),
        fc.dictionary(keys, tie('any'), { maxKeys: 4 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, (raw) => {
        const { complaints, match } = parseMatch(raw);
        for (const { at, message, expected } of complaints) {
          expect(at.every((part) => typeof part === 'string' || typeof part === 'number')).toBe(true);
          expect([message, expected].every((text) => text.length > 0 && text.length < 400)).toBe(true);
        }
        expect(leavesOf(match).length).toBeLessThanOrEqual(64);
        if (complaints.length === 0) compileMatch(raw);
        else expect(() => compileMatch(raw)).toThrow(/match, at /);
      }),
      { numRuns: 1_000 },
    );
  });

  test('is bounded: depth, conditions, values, and the time that long texts take', () => {
    const deep = (levels: number): object => (levels === 0 ? { risk: 'low' } : { not: deep(levels - 1) });
    expect(parseMatch(deep(4)).complaints).toEqual([]);
    expect(parseMatch(deep(5)).complaints[0]?.message).toBe('the match is too deep');
    expect(parseMatch(deep(5_000)).complaints).toHaveLength(1);
    const wide = {
      all_of: Array.from({ length: 16 }, () => ({ any_of: Array.from({ length: 16 }, () => ({ risk: 'low' })) })),
    };
    expect(parseMatch(wide).complaints.map(({ message }) => message)).toEqual(['the match has too many conditions']);
    expect(parseMatch({ languages: Array.from({ length: 65 }, (_, i) => `l${i}`) }).complaints).toHaveLength(1);
    for (const text of ['9'.repeat(1e6), '>'.repeat(1e6), `${'. '.repeat(5e5)}..`, ' '.repeat(1e6)])
      expect(parseMatch({ facts: { x: text } }).complaints).toHaveLength(1);
  });
});

test('whatever a request says of its task is read or refused by name', () => {
  const piece = fc.constantFrom(
    'diff_loc=1',
    'risk=high',
    'languages=ts,go',
    'x=',
    '=x',
    'y=a b',
    ';',
    'qos=gold',
    'x=1e5',
    'x=-7.5',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((all) => all.join(';')),
      ),
      fc.jsonValue(),
      (text, json) => {
        const object = typeof json === 'object' && json !== null && !Array.isArray(json) ? json : { x: json };
        for (const read of [() => factsOfText(text, 'x-atp-facts'), () => factsOfObject(object as never, 'facts')]) {
          try {
            expect(read().values.size).toBeLessThanOrEqual(32);
          } catch (error) {
            if (!isAtpError(error)) throw error;
            expect(error.code).toBe('invalid_request');
            expect(error.message).toMatch(/^"(x-atp-facts|facts)/);
          }
        }
      },
    ),
  );
});
