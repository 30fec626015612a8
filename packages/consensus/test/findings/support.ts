import fc from 'fast-check';
import { canonicalFinding, aliasTable, type Finding } from '../../src/index.ts';

export function finding(parts: Partial<Finding> = {}): Finding {
  const whole: Finding = {
    id: '',
    type: 'bug',
    file: 'src/a.ts',
    span: { start_line: 10, end_line: 12 },
    claim: 'The loop ends one step too late',
    evidence: [],
    proposed_fix: undefined,
    tests: [],
    severity: 'high',
    confidence: undefined,
    provenance: [{ lane: 0, source: 'a' }],
    ...parts,
  };
  return canonicalFinding(whole, aliasTable());
}

const WORDS = 'the loop ends late user input reaches query file handle leaks when parse throws lock is missing'.split(
  ' ',
);

const span = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 9 }))
  .map(([start_line, more]) => ({ start_line, end_line: start_line + more }));

/** Findings that are often near each other, of up to eight lanes. */
export const anyFinding: fc.Arbitrary<Finding> = fc
  .record({
    type: fc.constantFrom('bug', 'sqli', 'race'),
    file: fc.constantFrom('src/a.ts', './src/a.ts', 'src/b.ts', ''),
    span: fc.option(span, { nil: undefined }),
    claim: fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 6 }).map((words) => words.join(' ')),
    evidence: fc.array(fc.record({ file: fc.constantFrom('src/a.ts', 'src/b.ts'), span }), { maxLength: 2 }),
    tests: fc.array(fc.constantFrom('t1', 't2'), { maxLength: 2 }),
    severity: fc.constantFrom('critical', 'high', 'low'),
    confidence: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
    lane: fc.nat({ max: 7 }),
  })
  .map(({ lane, ...parts }) =>
    finding({ ...parts, provenance: [{ lane, source: `s${lane % 3}` }] } as Partial<Finding>),
  );
