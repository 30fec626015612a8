import type { Finding, LaneAnswer, Severity, StrategyKind, View } from '@atp-router/consensus';
import { randomInt, type Rng, seededRng } from '@atp-router/kernel';

const WORDS =
  'cache lock queue reader entry buffer thread handle index bounds overflow timeout retry header token session stream frame closed leaked missing checked before after never always returns value pointer error path branch loop'.split(
    ' ',
  );
const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];
const LINES = 2_000;

export interface Size {
  readonly lanes: number;
  readonly findings: number;
  /** Words of a claim. Absent: about 17, a line. */
  readonly words?: number | undefined;
}

function claimOf(rng: Rng, words: number): string {
  return Array.from({ length: words }, () => WORDS[randomInt(rng, 0, WORDS.length - 1)]).join(' ');
}

/**
 * Reviews of one change: of each true finding most lanes have one in words of their own, a few lines off, and each lane has
 * some that nobody else has.
 */
export function answersOf({ lanes, findings, words = 17 }: Size, seed: number): LaneAnswer[] {
  const rng = seededRng(seed);
  const truth = Array.from({ length: findings }, (_, i) => ({
    claim: claimOf(rng, words - 3),
    file: `src/part-${i % 7}.ts`,
    line: randomInt(rng, 1, LINES - 20),
    severity: SEVERITIES[randomInt(rng, 0, 4)] ?? 'medium',
  }));
  return Array.from({ length: lanes }, (_, lane) => {
    const own = truth.map(({ claim, file, line, severity }, i): Finding => {
      const is_shared = rng.next() < 0.7;
      const start_line = is_shared ? line + randomInt(rng, 0, 2) : randomInt(rng, 1, LINES - 20);
      const span = { start_line, end_line: start_line + 3 };
      return {
        id: `f${i}`,
        type: 'logic',
        file,
        span,
        claim: is_shared ? `${claim} ${claimOf(rng, 3)}` : claimOf(rng, words - 1),
        evidence: [{ file, span, quote: undefined }],
        proposed_fix: undefined,
        tests: [],
        severity,
        confidence: rng.next(),
        provenance: [{ lane, source: `s${lane}` }],
      };
    });
    const text = JSON.stringify({ findings: own });
    return {
      lane,
      source: `s${lane}`,
      text,
      key: `k${lane % 3}`,
      findings: own,
      confidence: undefined,
      is_partial: false,
    };
  });
}

/** What a session shows its strategy once `heard` of the lanes have answered. */
export function viewOf(kind: StrategyKind, answers: readonly LaneAnswer[], heard: number): View {
  const over = answers.slice(0, heard);
  return {
    plan: {
      mode: 'diverse',
      members: answers.map(({ source }) => ({
        ...{ source, model: source, persona: undefined, seed: undefined, temperature: undefined, clone: 0 },
        is_challenger: false,
      })),
      strategy: {
        kind,
        answer: { kind: 'json', field: undefined },
        quorum: undefined,
        weights: 'learned',
        judge: undefined,
        judge_mode: 'pick',
        risk: 0.05,
        among: ['majority', 'union'],
        ack_severity: 'high',
      },
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
      weight: (source) => 0.5 + (Number(source.slice(1)) % 5) / 2,
      winRate: (source) => (Number(source.slice(1)) % 7) / 7,
      calibrated: (_kind, confidence) => confidence,
    },
    documents: Array.from({ length: 7 }, (_, i) => ({
      name: `src/part-${i}.ts`,
      text: 'a line of code;\n'.repeat(LINES),
    })),
    answers: over,
    arrival: over.map(({ lane }) => lane),
    open: answers.slice(heard).map(({ lane, source }) => ({ lane, source })),
    follow_ups: [],
    settled: '',
    is_last: heard === answers.length,
  };
}
