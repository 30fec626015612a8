import { randomInt, type Rng, seededRng } from '@atp-router/kernel';
import fc from 'fast-check';
import type { Document, Finding, FollowUpAnswer, LaneAnswer, Member, StrategySettings, View } from '../../src/index.ts';

/** What becomes of one lane: its answer, or nothing. */
export type Outcome = Pick<LaneAnswer, 'text' | 'key' | 'findings' | 'confidence' | 'is_partial'> | undefined;

/** A fan-out and all that is ever said in it; `viewOf` is what is known of it at one time. */
export interface Scene {
  readonly members: readonly { readonly source: number; readonly is_challenger: boolean }[];
  readonly settings: StrategySettings;
  /** Of sources, by number; anything, also what no learner would say. */
  readonly weights: readonly number[];
  readonly outcomes: readonly Outcome[];
  /** Lanes in the order in which they end. */
  readonly order: readonly number[];
  readonly documents: readonly Document[];
  /** Decides what agents say to follow-ups. */
  readonly seed: number;
}

export const SETTINGS: StrategySettings = {
  kind: 'majority',
  answer: { kind: 'auto' },
  quorum: undefined,
  weights: 'learned',
  judge: undefined,
  judge_mode: 'pick',
  risk: 0.05,
  among: ['majority', 'union'],
  ack_severity: 'high',
};

const SENTENCES = [
  'The cache is never cleared.',
  'Line 12 leaks a handle.',
  'Nothing is wrong with the lock.',
  'The loop ends at 10 instead of 11.',
  'Use a queue of 256 entries.',
  'The test covers it.',
];
const FILES = ['src/a.ts', 'src/b.ts', 'src/gone.ts'];
const DOCUMENTS: readonly Document[] = [
  { name: 'src/a.ts', text: Array.from({ length: 30 }, (_, i) => `const a${i} = cache.read(${i});`).join('\n') },
  { name: 'src/b.ts', text: 'while (i < 10) {\n  i += 1;\n}\n' },
];

export const finding = (words: number, file: number, line: number, severity: number, confidence: number): Finding => ({
  id: `f${words}${file}${line}`,
  type: ['leak', 'race', 'logic'][words % 3] ?? 'logic',
  file: FILES[file % FILES.length] ?? 'src/a.ts',
  span: { start_line: line, end_line: line + 2 },
  claim: SENTENCES[words % SENTENCES.length] ?? '',
  evidence: [
    { file: FILES[file % FILES.length] ?? 'src/a.ts', span: { start_line: line, end_line: line }, quote: undefined },
  ],
  proposed_fix: undefined,
  tests: [],
  severity: (['critical', 'high', 'medium', 'low', 'info'] as const)[severity % 5] ?? 'info',
  confidence: confidence > 10 ? undefined : confidence / 10,
  provenance: [],
});

const findingArb: fc.Arbitrary<Finding> = fc
  .tuple(fc.nat(5), fc.nat(2), fc.integer({ min: 1, max: 12 }), fc.nat(4), fc.nat(12))
  .map(([words, file, line, severity, confidence]) => finding(words, file, line, severity, confidence));

const keyed: fc.Arbitrary<Outcome> = fc
  .tuple(fc.constantFrom('A', 'B', 'B', 'C', 'D', ''), fc.nat(9), fc.boolean())
  .map(([key, part, is_loud]) => ({
    text: key === '' ? 'I cannot say.' : `The answer is ${key}.${is_loud ? ' See src/a.ts:3-4.' : ''}`,
    key,
    findings: undefined,
    confidence: undefined,
    is_partial: part === 0,
  }));

const prose: fc.Arbitrary<Outcome> = fc
  .tuple(fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }), fc.nat(9))
  .map(([words, part]) => {
    const text = words.map((i) => SENTENCES[i]).join(' ');
    return { text, key: text.toLowerCase(), findings: undefined, confidence: 0.5, is_partial: part === 0 };
  });

const reviewed: fc.Arbitrary<Outcome> = fc
  .tuple(fc.array(findingArb, { maxLength: 4 }), fc.nat(9))
  .map(([findings, part]) => ({
    text: JSON.stringify({ findings }),
    key: findings
      .map(({ id }) => id)
      .sort()
      .join(),
    findings,
    confidence: undefined,
    is_partial: part === 0,
  }));

const dead: fc.Arbitrary<Outcome> = fc.constant(undefined);
const FAMILIES: readonly fc.Arbitrary<Outcome>[] = [
  fc.oneof({ weight: 6, arbitrary: keyed }, { weight: 1, arbitrary: dead }),
  fc.oneof({ weight: 6, arbitrary: prose }, { weight: 1, arbitrary: dead }),
  fc.oneof({ weight: 6, arbitrary: reviewed }, { weight: 1, arbitrary: dead }),
  fc.oneof(keyed, prose, reviewed, dead),
];

const weightArb = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(0.5, 1, 1, 1, 2, 3, -0.5, -1) },
  { weight: 1, arbitrary: fc.constantFrom(0, -2, Number.NaN, Number.POSITIVE_INFINITY, 1e308) },
);
const settingsArb = fc.record({
  quorum: fc.constantFrom(undefined, undefined, 1, 2, 3, 9),
  weights: fc.constantFrom('learned' as const, 'equal' as const),
  judge: fc.constantFrom(undefined, 's0'),
  judge_mode: fc.constantFrom('pick' as const, 'verify' as const),
  ack_severity: fc.constantFrom('critical' as const, 'high' as const),
});

/** A scene, and for each lane what it might have said instead. */
export interface Play {
  readonly scene: Scene;
  readonly instead: readonly Outcome[];
}

export const playArb: fc.Arbitrary<Play> = fc
  .tuple(fc.integer({ min: 1, max: 8 }), fc.nat(FAMILIES.length - 1))
  .chain(([n, family]) => {
    const lanes = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { minLength: n, maxLength: n });
    const outcome = FAMILIES[family] ?? keyed;
    return fc
      .record({
        sources: lanes(fc.nat(5)),
        challengers: lanes(fc.nat(6)),
        settings: settingsArb,
        weights: fc.array(weightArb, { minLength: 6, maxLength: 6 }),
        outcomes: lanes(outcome),
        instead: lanes(outcome),
        order: fc.shuffledSubarray(
          Array.from({ length: n }, (_, i) => i),
          { minLength: n },
        ),
        has_documents: fc.boolean(),
        seed: fc.nat(),
      })
      .map(({ sources, challengers, settings, has_documents, instead, ...rest }) => ({
        instead,
        scene: {
          ...rest,
          members: sources.map((source, i) => ({ source, is_challenger: challengers[i] === 0 })),
          settings: { ...SETTINGS, ...settings },
          documents: has_documents ? DOCUMENTS : [],
        },
      }));
  });

const memberOf = (source: string, is_challenger: boolean): Member => ({
  source,
  model: source,
  persona: undefined,
  seed: undefined,
  temperature: undefined,
  clone: 0,
  is_challenger,
});

/** How sources are called; the default is `s0`, `s1`, … */
export type Naming = (source: number) => string;
export const plainly: Naming = (source) => `s${source}`;

/** What is known once `ended` of the lanes have. */
export function viewOf(scene: Scene, ended: number, changes: Partial<View> = {}, name: Naming = plainly): View {
  const over = scene.order.slice(0, ended);
  const sourceOf = (lane: number): string => name(scene.members[lane]?.source ?? 0);
  const numbers = new Map(scene.weights.map((weight, source) => [name(source), weight]));
  return {
    plan: {
      mode: 'diverse',
      members: scene.members.map(({ source, is_challenger }) => memberOf(name(source), is_challenger)),
      strategy: { ...scene.settings, judge: scene.settings.judge === undefined ? undefined : name(0) },
      provisional: undefined,
      escalations: [],
      arbiter: undefined,
      judge: undefined,
      width: undefined,
      deadline_ms: undefined,
      tau_final: undefined,
      reorder_max: 256,
    },
    standing: {
      weight: (source) => numbers.get(source) ?? 1,
      winRate: (source) => Math.min(1, Math.max(0, (numbers.get(source) ?? 1) / 4)),
      calibrated: (_kind, confidence) => confidence,
    },
    documents: scene.documents,
    answers: [...over]
      .sort((a, b) => a - b)
      .flatMap((lane) => {
        const outcome = scene.outcomes[lane];
        const source = sourceOf(lane);
        if (outcome === undefined) return [];
        const provenance = [{ lane, source }];
        const findings = outcome.findings?.map((one) => ({ ...one, provenance }));
        return [{ lane, source, ...outcome, findings }];
      }),
    arrival: over.filter((lane) => scene.outcomes[lane]?.is_partial === false),
    open: scene.members.flatMap((_, lane) => (over.includes(lane) ? [] : [{ lane, source: sourceOf(lane) }])),
    follow_ups: [],
    settled: '',
    is_last: ended === scene.order.length,
    ...changes,
  };
}

const REPLIES = [
  'CHOICE: A',
  'CHOICE: B',
  'SCORE: 7',
  'SCORE: 3',
  '1: ACK',
  '1: NACK\n2: ACK',
  'no idea',
  '',
  'CHOICE: Z',
];

/** What an agent says to a follow-up: by its id alone, so that it does not depend on when it is asked. */
export function replyTo(id: string, seed: number): FollowUpAnswer['text'] {
  let mixed = seed | 0;
  for (const char of id) mixed = (Math.imul(mixed, 31) + char.charCodeAt(0)) | 0;
  const rng: Rng = seededRng(mixed);
  const pick = randomInt(rng, 0, REPLIES.length + SENTENCES.length);
  return [...REPLIES, ...SENTENCES][pick];
}
