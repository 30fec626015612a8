import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  clusterFindings,
  compareFindings,
  type Finding,
  type FindingCluster,
  hashedEmbedder,
  laneAgreement,
  mergeFindings,
  severityRank,
  Vectors,
} from '../../src/index.ts';
import { anyFinding, finding } from './support.ts';

const cluster = (findings: readonly Finding[]): FindingCluster[] =>
  clusterFindings(findings, { vectors: new Vectors(hashedEmbedder()) });
const from = (lane: number): Pick<Finding, 'provenance'> => ({ provenance: [{ lane, source: `s${lane}` }] });
const many = fc.array(anyFinding, { maxLength: 24 });

/** The same list in another order. */
const shuffled = many.chain((list) =>
  fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
);

describe('findings that mean the same', () => {
  test('are one, in other words and with lines counted otherwise', () => {
    const clusters = cluster([
      finding({ claim: 'File handle leaks if parse throws', type: 'leak', ...from(0) }),
      finding({
        claim: 'The file handle is never closed when parse throws',
        type: 'resource leak',
        span: { start_line: 10, end_line: 13 },
        ...from(2),
      }),
      finding({ claim: 'The loop runs once too often', type: 'off by one', ...from(1) }),
    ]);
    expect(clusters.map(({ lanes }) => lanes)).toEqual([[1], [0, 2]]);
    expect(clusters[1]?.finding.provenance.map(({ lane }) => lane)).toEqual([0, 2]);
  });

  test('the same words about another file or another place are another finding', () => {
    const apart = [{}, { file: 'src/b.ts' }, { span: { start_line: 90, end_line: 91 } }].map(finding);
    expect(cluster(apart)).toHaveLength(3);
    expect(cluster([finding(), finding({ file: '', span: undefined, ...from(1) })])).toHaveLength(1);
  });

  test('the order in which they come does not matter', () => {
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        expect(cluster(other)).toEqual(cluster(list));
      }),
      { numRuns: 60 },
    );
  });

  test('one that does not say where belongs to one place, of several as near to the first', () => {
    const nowhere = finding({ file: '', span: undefined, severity: 'critical', ...from(2) });
    const [b, a] = [finding({ file: 'src/b.ts', ...from(0) }), finding({ file: 'src/a.ts', ...from(1) })];
    expect(cluster([b, nowhere, a]).map(({ lanes }) => lanes)).toEqual([[1, 2], [0]]);
  });

  test('no group is of two files, or of two places far apart', () => {
    fc.assert(
      fc.property(many, (list) => {
        for (const { members } of cluster(list)) {
          expect(new Set(members.map(({ file }) => file).filter((file) => file !== '')).size).toBeLessThanOrEqual(1);
          const spans = members.flatMap(({ span }) => span ?? []);
          const gap =
            Math.max(...spans.map((span) => span.start_line)) - Math.min(...spans.map((span) => span.end_line));
          // Ten lines to either side of the first of the group, which has ten itself at most.
          if (spans.length > 0) expect(gap).toBeLessThanOrEqual(30);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('each is in one group, and one given twice changes no result', () => {
    fc.assert(
      fc.property(many, (list) => {
        const clusters = cluster(list);
        expect(clusters.reduce((sum, { members }) => sum + members.length, 0)).toBe(list.length);
        const twice = cluster([...list, ...list]);
        expect(twice.map((one) => one.finding)).toEqual(clusters.map((one) => one.finding));
        expect(twice.map((one) => one.lanes)).toEqual(clusters.map((one) => one.lanes));
      }),
      { numRuns: 60 },
    );
  });

  test('those beyond the bound stay alone, the least grave', () => {
    const one = finding();
    const grave = Array.from({ length: 4_096 }, (_, lane) => ({ ...one, ...from(lane) }));
    const clusters = cluster([finding({ severity: 'info' }), finding({ severity: 'info' }), ...grave]);
    expect(clusters.map(({ members }) => members.length)).toEqual([4_096, 1, 1]);
  });
});

describe('comparisons', () => {
  const few = (findings: readonly Finding[], comparisons_max: number): FindingCluster[] =>
    clusterFindings(findings, { vectors: new Vectors(hashedEmbedder()), comparisons_max });

  test('beyond the bound findings stay alone and are marked, whatever the order; below it nothing changes', () => {
    fc.assert(
      fc.property(shuffled, fc.integer({ min: 1, max: 40 }), ([list, other], most) => {
        const clusters = few(list, most);
        expect(few(other, most)).toEqual(clusters);
        expect(clusters.reduce((sum, { members }) => sum + members.length, 0)).toBe(list.length);
        for (const { is_compared, members } of clusters) if (!is_compared) expect(members).toHaveLength(1);
        const is_whole = clusters.every(({ is_compared }) => is_compared);
        if (is_whole) expect(clusters).toEqual(cluster(list));
        // All pairs are the most that can be compared.
        if (most > (list.length * (list.length - 1)) / 2) expect(is_whole).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('a finding is compared no more often than may be, however many there are of one place', () => {
    const all = Array.from({ length: 1_200 }, (_, i) => {
      const nonce = Array.from({ length: 4 }, (__, k) => ((i + 1) * (k + 7919) * 7_368_787).toString(36)).join(' ');
      return finding({ claim: nonce, type: `t${i}`, ...from(i % 8) });
    });
    const alone = cluster(all).filter(({ is_compared }) => !is_compared);
    // One of 65,536 comparisons at least is with one of the 400 first.
    expect(alone.length).toBeGreaterThan(700);
  });
});

describe('one finding of several', () => {
  test('has the gravest severity, all provenance, evidence and tests, and the mean confidence of sources', () => {
    const merged = mergeFindings([
      finding({ severity: 'low', confidence: 0.2, tests: ['b'], provenance: [{ lane: 1, source: 'x' }] }),
      finding({ severity: 'high', confidence: 0.6, tests: ['a'], provenance: [{ lane: 2, source: 'x' }] }),
      finding({ severity: 'low', confidence: 0.8, proposed_fix: 'fix', provenance: [{ lane: 0, source: 'y' }] }),
      finding({ severity: 'info', provenance: [{ lane: 3, source: 'z' }] }),
    ]);
    expect(merged).toMatchObject({ severity: 'high', tests: ['a', 'b'], proposed_fix: 'fix' });
    expect(merged?.confidence).toBeCloseTo(0.7);
    expect(merged?.provenance.map(({ lane }) => lane)).toEqual([0, 1, 2, 3]);
    expect(mergeFindings([])).toBeUndefined();
  });

  test('does not depend on their order, and of itself is itself', () => {
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        const merged = mergeFindings(list);
        expect(mergeFindings(other)).toEqual(merged);
        if (merged === undefined) return;
        const again = mergeFindings([merged, merged]);
        expect({ ...again, confidence: 0 }).toEqual({ ...merged, confidence: 0 });
        expect(again?.confidence ?? -1).toBeCloseTo(merged.confidence ?? -1, 12);
        expect(severityRank(merged.severity)).toBe(Math.min(...list.map(({ severity }) => severityRank(severity))));
        expect(merged.confidence ?? 0.5).toBeGreaterThanOrEqual(0);
        expect(merged.confidence ?? 0.5).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('the order of findings is total', () => {
    fc.assert(
      fc.property(anyFinding, anyFinding, anyFinding, (a, b, c) => {
        expect(Math.sign(compareFindings(a, b)) + Math.sign(compareFindings(b, a))).toBe(0);
        if (compareFindings(a, b) <= 0 && compareFindings(b, c) <= 0)
          expect(compareFindings(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});

describe('agreement of lanes', () => {
  test('is the share of groups that both found', () => {
    const other = finding({ file: 'src/z.ts', ...from(1) });
    const clusters = cluster([finding(from(0)), finding(from(1)), other]);
    const { mean, matrix } = laneAgreement(clusters, [0, 1, 2]);
    expect(matrix).toEqual([
      [1, 0.5, 0],
      [0.5, 1, 0],
      [0, 0, 1],
    ]);
    expect(mean).toBeCloseTo(1 / 6);
    expect(laneAgreement(clusters, [0, 1, 2], [1, 1, 0]).weighted).toBe(0.5);
    expect(laneAgreement([], [0, 1]).mean).toBe(1);
  });
});
