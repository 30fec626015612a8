import { describe, expect, test } from 'vitest';
import type { Document, Finding, FollowUp, Reconciled, Strategy } from '../../src/index.ts';
import { decide, resultOf, said, sceneOf, type Told } from './say.ts';
import { finding, type Outcome, type Scene, viewOf } from './scenes.ts';
import { settle } from './suite.ts';
import { made } from './tools.ts';

const union = made('union');
const weighted_merge = made('weighted_merge');
const two_phase = made('two_phase');
const evidence = made('evidence');

const cites = (file: string, line: number, quote?: string): Finding['evidence'] => [
  { file, span: { start_line: line, end_line: line }, quote },
];
const leak: Finding = { ...finding(1, 0, 12, 2, 9), type: 'leak', claim: 'Line 12 leaks a handle.' };
const race: Finding = { ...finding(2, 1, 2, 0, 9), type: 'race', claim: 'The lock is taken after the read.' };
const typo: Finding = { ...finding(3, 0, 28, 3, 9), type: 'style', claim: 'A word is misspelt in the header.' };

const found = (...findings: readonly Finding[]): NonNullable<Outcome> => ({
  ...said(findings.map(({ claim }) => claim).join('|') || 'none', JSON.stringify({ findings })),
  findings,
});
const reviewed = (reviews: readonly (readonly Finding[] | Outcome)[], told: Told = {}): Scene =>
  sceneOf(
    reviews.map((review) => (Array.isArray(review) ? found(...(review as readonly Finding[])) : (review as Outcome))),
    told,
  );
const claims = ({ findings }: Pick<Reconciled, 'findings'>): string[] => (findings ?? []).map(({ claim }) => claim);

describe('union', () => {
  test('has each finding once, with all who said it, the gravest first', () => {
    const result = resultOf(
      union,
      reviewed([[leak, typo], [{ ...leak, claim: 'Line 12 leaks the handle.' }, race], []]),
    );
    expect(claims(result)).toEqual([
      'The lock is taken after the read.',
      'Line 12 leaks a handle.',
      'A word is misspelt in the header.',
    ]);
    expect(result.findings?.map(({ provenance }) => provenance.map(({ lane }) => lane))).toEqual([[1], [0, 1], [0]]);
    expect(result.confidence).toBeCloseTo((1 / 3 + 2 / 3 + 1 / 3) / 3);
    expect(JSON.parse(result.text)).toMatchObject({ findings: [{ type: 'race', severity: 'critical' }, {}, {}] });
    expect(result.text).not.toContain('s0');
  });

  test('what is high stays high, and below that whoever wins most often is believed', () => {
    const mild = { ...leak, severity: 'low' as const, claim: 'Line 12 leaks a handle, a little.' };
    const high = resultOf(union, reviewed([[{ ...leak, severity: 'high' }], [mild]], { weights: [1, 3] }));
    expect(high.findings).toMatchObject([{ severity: 'high', claim: mild.claim }]);
    expect(high.uncertainties[0]).toContain('disputed');
    const medium = resultOf(union, reviewed([[{ ...leak, severity: 'medium' }], [mild]], { weights: [1, 3] }));
    expect(medium.findings).toMatchObject([{ severity: 'low', claim: mild.claim }]);
  });

  test('of one reviewer is its answer, and who gave no findings is named', () => {
    const result = resultOf(union, reviewed([[leak], said('x', 'Looks good.')]));
    expect(result).toMatchObject({ lane: 0, uncertainties: ['lane 1 gave no findings that can be read'] });
  });

  test('of texts lists different answers, those with the most votes first', () => {
    const result = resultOf(union, sceneOf(['A', 'B', 'B', ''], {}));
    expect(result.text).toBe(
      '2 of 4 answers:\nIt is B.\n\n1 of 4 answers:\nIt is A.\n\n1 of 4 answers:\nI cannot say.',
    );
    expect(resultOf(union, sceneOf(['A', 'A'], {}))).toMatchObject({ text: 'It is A.', lane: 0 });
    const tied = resultOf(union, sceneOf(['A', 'B'], { settings: { weights: 'equal' }, weights: [1, 2] }));
    expect(tied.text).toMatch(/^1 of 2 answers:\nIt is B/);
    const long = resultOf(union, sceneOf(['A', said('B', 'b'.repeat(100_000))], {}));
    expect(long.text.length).toBeLessThan(17_000);
  });

  test('is bounded: of too many findings the gravest stay', () => {
    const many = (lane: number): Finding[] =>
      Array.from({ length: 200 }, (_, i) => ({
        ...leak,
        severity: i === 7 ? 'high' : 'low',
        file: `src/${lane}-${i}.ts`,
      }));
    const result = resultOf(union, reviewed(Array.from({ length: 8 }, (_, lane) => many(lane))));
    expect(result.findings).toHaveLength(1_000);
    expect(result.findings?.filter(({ severity }) => severity === 'high')).toHaveLength(8);
    expect(result.uncertainties).toContain('600 findings of the least grave are left out: 1000 are the most');
  });
});

describe('weighted_merge', () => {
  const sure = (one: Finding, confidence: number | undefined): Finding => ({ ...one, confidence });

  test('keeps what has more than half of the weight that could have found it', () => {
    const two_of_three = resultOf(weighted_merge, reviewed([[sure(leak, 1), sure(typo, 1)], [sure(leak, 1)], []]));
    expect(claims(two_of_three)).toEqual([leak.claim]);
    expect(two_of_three.uncertainties[0]).toContain('left out with 0.33 of the weight: low style');
    const unsure = resultOf(weighted_merge, reviewed([[sure(leak, 0.5)], [sure(leak, 0.5)], []]));
    expect(claims(unsure)).toEqual([]);
    const unsaid = resultOf(weighted_merge, reviewed([[sure(leak, undefined)], []], { weights: [3, 1] }));
    expect(claims(unsaid)).toEqual([leak.claim]);
    // Half is not more than half.
    expect(claims(resultOf(weighted_merge, reviewed([[sure(leak, 1)], []])))).toEqual([]);
  });

  test('a finding counts by what its citations are worth', () => {
    const documents: readonly Document[] = [{ name: 'src/a.ts', text: 'x\n'.repeat(40) }];
    const honest = { ...sure(leak, 1), evidence: cites('src/a.ts', 12, 'x') };
    const false_one = { ...sure(leak, 1), file: 'src/none.ts', evidence: cites('src/none.ts', 1) };
    expect(claims(resultOf(weighted_merge, reviewed([[honest], [honest]], { documents })))).toEqual([leak.claim]);
    expect(claims(resultOf(weighted_merge, reviewed([[false_one], [false_one]], { documents })))).toEqual([]);
  });

  test('of texts takes the one that is nearest to the others', () => {
    const texts = ['the cat sat on the mat', 'the cat sat on a mat', 'the cat lay on a mat', 'dogs bark'];
    const result = resultOf(
      weighted_merge,
      sceneOf(
        texts.map((text) => said(text, text)),
        {},
      ),
    );
    expect(result).toMatchObject({ lane: 1 });
    expect(result.shares.find(({ lane }) => lane === 3)?.share).toBe(0);
    const heavy = sceneOf(
      texts.map((text) => said(text, text)),
      { weights: [1, 1, 1, 9] },
    );
    expect(resultOf(weighted_merge, heavy)).toMatchObject({ lane: 3 });
  });
});

describe('evidence', () => {
  const documents: readonly Document[] = [
    { name: 'src/a.ts', text: Array.from({ length: 30 }, (_, i) => `line ${i + 1}`).join('\n') },
  ];

  test('keeps findings whose citations hold, and votes by what citations are worth', () => {
    const good = { ...leak, evidence: cites('src/a.ts', 12, 'line 12') };
    const bad = { ...race, file: 'src/gone.ts', evidence: cites('src/a.ts', 99) };
    const result = resultOf(evidence, reviewed([[good, bad], [bad]], { documents }));
    expect(claims(result)).toEqual([leak.claim]);
    expect(result.uncertainties[0]).toContain('left out, evidence 0.00: critical race');
    const texts = [said('A', 'A, see src/a.ts:3.'), said('B', 'B, see src/b.ts:3.'), said('B', 'B, see src/a.ts:300.')];
    expect(resultOf(evidence, sceneOf(texts, { documents }))).toMatchObject({ lane: 0 });
    expect(resultOf(evidence, sceneOf(texts, {}))).toMatchObject({ lane: 1 });
  });
});

describe('two_phase', () => {
  const asksOf = (scene: Scene): readonly FollowUp[] => {
    const verdict = decide(two_phase, scene, scene.order.length);
    return verdict.kind === 'ask' ? verdict.asks : [];
  };
  const answered = (strategy: Strategy, scene: Scene, reply: string | undefined): Reconciled => {
    const end = settle(strategy, viewOf(scene, scene.order.length), () => reply);
    if (end.kind !== 'done') throw new Error(end.why);
    return end.result;
  };

  test('asks one that did not find it, who wins most often, about what is grave', () => {
    const scene = reviewed([[race, typo], [], [leak]], { weights: [3, 1, 2] });
    const [ask, ...more] = asksOf(scene);
    expect(more).toEqual([]);
    expect(ask).toMatchObject({ role: 'ack', source: 's2' });
    expect(ask?.prompt).toContain(`| critical race in src/b.ts:2-4: ${race.claim}`);
    expect(ask?.prompt).not.toContain(leak.claim);
    expect(asksOf({ ...scene, settings: { ...scene.settings, judge: 's0' } })[0]).toMatchObject({ source: 's2' });
    expect(asksOf({ ...reviewed([[], [race]]), settings: { ...scene.settings, judge: 's0' } })[0]).toMatchObject({
      source: 's0',
    });
    // Nobody else is there: the arbiter.
    expect(asksOf(reviewed([[race]]))[0]).toMatchObject({ source: undefined });
    expect(asksOf(reviewed([[race], [race]], { sources: [0, 0] }))[0]).toMatchObject({ source: undefined });
  });

  test('keeps what has a second ACK, and says what it leaves out', () => {
    const scene = reviewed([[race, typo], []]);
    expect(claims(answered(two_phase, scene, '1: ACK'))).toEqual([race.claim, typo.claim]);
    for (const [reply, why] of [
      ['1: NACK', 'refused'],
      ['Surely.', 'refused'],
      [undefined, 'nobody gave'],
    ] as const) {
      const result = answered(two_phase, scene, reply);
      expect(claims(result)).toEqual([typo.claim]);
      expect(result.uncertainties[0]).toContain(why);
      expect(result.uncertainties[0]).toContain(race.claim);
    }
  });

  test('two sources that found the same need no further ACK', () => {
    expect(claims(resultOf(two_phase, reviewed([[race], [race], []])))).toEqual([race.claim]);
    expect(resultOf(two_phase, sceneOf(['A', 'A', 'B'], {}))).toMatchObject({ text: 'It is A.' });
  });

  test('one that found the same and makes little of it has not confirmed it, and may be asked', () => {
    const scene = reviewed([[race], [{ ...race, severity: 'info' }]]);
    expect(asksOf(scene)).toMatchObject([{ role: 'ack', source: 's1' }]);
    expect(claims(answered(two_phase, scene, '1: NACK'))).toEqual([]);
    expect(claims(answered(two_phase, scene, '1: ACK'))).toEqual([race.claim]);
  });

  test('a text alone is asked about as a whole, and stands at half without an ACK', () => {
    const scene = sceneOf(['A', 'B'], { weights: [2, 1] });
    expect(asksOf(scene)[0]).toMatchObject({ source: 's1' });
    const [yes, no] = [answered(two_phase, scene, '1: ACK'), answered(two_phase, scene, '1: NACK')];
    expect(no).toMatchObject({ text: 'It is A.', confidence: yes.confidence / 2 });
  });

  test('asks about so many at most, the gravest', () => {
    const many = Array.from({ length: 60 }, (_, i) => ({
      ...race,
      severity: i < 5 ? ('critical' as const) : ('high' as const),
      file: `src/${i}.ts`,
    }));
    const scene = reviewed([many, []]);
    const asks = asksOf(scene);
    expect(asks).toHaveLength(4);
    expect(asks.map(({ prompt }) => prompt.match(/critical/g)?.length ?? 0)).toEqual([5, 0, 0, 0]);
    const result = answered(two_phase, scene, Array.from({ length: 10 }, (_, i) => `${i + 1}: ACK`).join('\n'));
    expect(result.findings).toHaveLength(40);
  });
});
