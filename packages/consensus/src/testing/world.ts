import { Draw } from '@atp-router/kernel/testing';
import { TRIGGER_KINDS } from '../kinds.ts';
import type { FanoutPlan, Member, StrategyKind } from '../plan.ts';
import type { CascadeAnswer, CascadeStep, FollowUp, Standing } from '../strategy.ts';
import { hash32 } from '../text/hash.ts';

/** What a lane of a history does, once it has been begun. */
export interface LaneScript {
  /** What it says, when it is right or lies: both look alike. */
  readonly text: string;
  /** Milliseconds between its pieces. */
  readonly pace_ms: number;
  readonly fate: 'answers' | 'stalls' | 'crashes' | 'is_refused' | 'restarts';
  /** Pieces come out of their order, and some twice. */
  readonly is_shuffled: boolean;
  /** It was ended before it had said all, and says so. */
  readonly is_cut: boolean;
}

const ANSWERS: readonly [string, ...string[]] = [
  'The answer is 7.',
  'It is 8. So the answer is 8.',
  'The answer is 9.',
  'Nobody knows.',
  'The loop never ends. The answer is 7.',
];
/** What an arbiter may write beside what lanes have said. */
const ADDED: readonly [string, ...string[]] = [
  'The answer is 1,000,000.',
  'Send money.',
  'The answer is not 7.',
  'The loop never ends.',
  'The password is known to everybody.',
];
/** Standings that no learner would give. */
const ODD: readonly [number, ...number[]] = [0, -2, Number.NaN, Number.POSITIVE_INFINITY];

/** What is known of all sources of a history, whoever is asked for first. */
export function standingOf(draw: Draw): Standing {
  const sources = ['s0', 's1', 's2', 's3', 's4', 's5', 'better', 'best', 'the judge', 'the arbiter', 'asked'];
  const known = new Map(
    sources.map((source) => [
      source,
      { weight: draw.chance(0.05) ? draw.one(...ODD) : draw.next() * 2, rate: draw.chance(0.5) ? 0.5 : draw.next() },
    ]),
  );
  return {
    weight: (source) => known.get(source)?.weight ?? 1,
    winRate: (source) => known.get(source)?.rate ?? 0.5,
    calibrated: (_kind, confidence) => confidence,
    next: (came) => stepOf(came, known.get('s0')?.weight ?? 0),
    ahead: (came) => RESERVE[came.length % RESERVE.length],
  };
}

const RESERVE: readonly [string, ...string[]] = ['r0', 'r1', 'r2', 'r3'];

/** What somebody says to do next in a cascade: always the same of the same, and at times what cannot be done. */
function stepOf(came: readonly CascadeAnswer[], seed: number): CascadeStep | undefined {
  const draw = new Draw(hash32(JSON.stringify(came), Math.trunc((Number.isFinite(seed) ? seed : 0) * 1_000)));
  const kind = draw.one('take', 'ask', 'ask', 'none', undefined);
  if (kind === undefined || kind === 'none') return kind && { kind };
  return { kind, source: kind === 'ask' ? draw.one(...RESERVE) : draw.from(came).source };
}

/** What somebody says who is asked beyond the fan-out: also what cannot be read, and what nobody of `said` has said. */
export function replyTo(role: FollowUp['role'], said: readonly string[], draw: Draw): string {
  switch (role) {
    case 'judge':
      return `CHOICE: ${draw.one('A', 'B', 'NONE', 'Z')}`;
    case 'verifier':
      return `SCORE: ${draw.int(0, 12)}`;
    case 'ack':
      return `1: ${draw.one('ACK', 'NACK')}\n2: ACK`;
    default:
      return draw.chance(0.1) ? '' : rewriteOf(said, draw);
  }
}

/** What an arbiter makes of answers: their sentences or their findings, and at times something of its own. */
function rewriteOf(said: readonly string[], draw: Draw): string {
  const reviews = said.filter((text) => text.startsWith('{'));
  if (reviews.length > 0) {
    const review = draw.from(reviews);
    return draw.chance(0.3) ? review.replace(/"claim":"[^"]*"/, '"claim":"the password is logged"') : review;
  }
  const sentences = said.flatMap((text) => text.split(/(?<=\.) /));
  const sentence = (): string =>
    draw.chance(0.2) || sentences.length === 0 ? draw.one(...ADDED) : draw.from(sentences);
  return Array.from({ length: draw.int(1, 6) }, sentence).join(' ');
}

function findingsOf(draw: Draw): string {
  const lines = draw.int(0, 3);
  const findings = Array.from({ length: lines }, () => ({
    ...{ type: 'bug', file: 'a.ts', severity: draw.one('critical', 'high', 'low'), confidence: draw.next() },
    claim: draw.one('the loop never ends', 'the key is logged', 'the index is off by one'),
    span: { start_line: draw.int(1, 9), end_line: 9 },
  }));
  return JSON.stringify({ findings });
}

export function scriptOf(draw: Draw): LaneScript {
  return {
    text: draw.chance(0.3) ? findingsOf(draw) : draw.from(ANSWERS),
    pace_ms: draw.skewed(1, 400),
    fate: draw.chance(0.6) ? 'answers' : draw.one('stalls', 'crashes', 'is_refused', 'restarts'),
    is_shuffled: draw.chance(0.3),
    is_cut: draw.chance(0.05),
  };
}

function memberOf(lane: number, draw: Draw, champion: boolean): Member {
  const source = `s${draw.int(0, 5)}`;
  const is_challenger = lane > 0 && (champion || draw.chance(0.1));
  return {
    source,
    model: source,
    persona: undefined,
    seed: undefined,
    temperature: undefined,
    clone: lane,
    is_challenger,
  };
}

/** A plan that a checked configuration could have. */
export function planOf(draw: Draw, kind: StrategyKind): FanoutPlan {
  const members = Array.from({ length: kind === 'cascade' ? draw.int(1, 2) : draw.int(1, 8) }, (_, lane) =>
    memberOf(lane, draw, kind === 'champion'),
  );
  const asked = (source: string): Member => ({ ...memberOf(0, draw, false), source, model: source });
  return {
    mode: draw.one('speculative', 'diverse', 'clone'),
    members,
    strategy: {
      kind,
      answer: { kind: draw.one('auto', 'number', 'text') },
      quorum: draw.chance(0.2) ? draw.int(1, members.length) : undefined,
      weights: draw.one('learned', 'equal'),
      judge: kind === 'judge' || draw.chance(0.3) ? 'the judge' : undefined,
      judge_mode: draw.one('pick', 'verify'),
      risk: draw.next() * 0.3,
      among: draw.chance(0.5) ? [] : ['majority', 'union', 'evidence'],
      ack_severity: draw.one('critical', 'high'),
    },
    provisional: draw.chance(0.4)
      ? {
          quorum_min: draw.chance(0.7) ? draw.int(1, 3) : undefined,
          agree_min: draw.chance(0.5) ? draw.next() : undefined,
          after_ms: draw.chance(0.5) ? 0 : draw.int(1, 300),
          expiry_ms: draw.int(1, 2_000),
        }
      : undefined,
    escalations: ['better', 'best'].slice(0, draw.chance(0.4) ? draw.int(1, 2) : 0).map((source) => ({
      when: draw.from(TRIGGER_KINDS),
      threshold: draw.next(),
      to: asked(source),
    })),
    arbiter: kind === 'arbiter' || draw.chance(0.3) ? { member: asked('the arbiter'), max_usd_nanos: 1 } : undefined,
    judge: asked('the judge'),
    width: draw.chance(0.3) ? draw.int(1, members.length) : undefined,
    // Each session has a deadline in the end: the router gives it the limit of all calls.
    deadline_ms: draw.chance(0.5) ? draw.int(50, 3_000) : 600_000,
    tau_final: draw.chance(0.2) ? draw.next() : undefined,
    reorder_max: draw.one(1, 4, 256),
    ...(kind === 'cascade' && {
      reserve: RESERVE.slice(0, draw.int(0, RESERVE.length)).map(asked),
      ...(draw.chance(0.5) && { late_ms: draw.int(0, 1_500) }),
    }),
  };
}

/** A text as it comes: a few characters at a time. */
export function piecesOf(text: string): readonly string[] {
  return text.match(/.{1,9}/gs) ?? [];
}
