import {
  ConsensusSession,
  type FanoutPlan,
  type Member,
  type SessionEffect,
  aliasTable,
  hashedEmbedder,
  readAnswer,
  ScoreTable,
  strategyOf,
  Vectors,
} from '@atp-router/consensus';
import { describe, expect, test } from 'vitest';
import { policyWarnings } from '../../src/config/index.ts';
import { append, valid } from './support.ts';

const MORE = ['b', 'c', 'd', 'e', 'f', 'g', 'h'].map(
  (id) => `  - { id: ${id}, provider: up, context: 1, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 1 } }`,
);
const NAMES = ['small', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

function warned(rest: string): readonly string[] {
  const config = valid(append(...MORE, 'policies:', `  - { id: p, ${rest} }`));
  return policyWarnings(config).map(({ path, message }) => `${path.replace('policies[0].', '')}: ${message}`);
}

const TWO = 'fanout: { agents: [small, b] }';
const CLONES = 'fanout: { mode: clone, agents: [small], clones: 3 }';

describe('what never comes about, or at once', () => {
  test.each([
    [
      'tau_final: 0',
      `${TWO}, tau_final: 0`,
      /^tau_final: every result is as sure as that: the first answer ends the call/,
    ],
    ['risk: 0', `${CLONES}, consensus: { risk: 0 }`, /^consensus.risk: sampling stops only when nothing can change/],
    ['risk: 1', `${CLONES}, consensus: { risk: 1 }`, /^consensus.risk: any chance of another outcome is taken/],
    [
      'risk: 0 of what adaptive may choose',
      `${TWO}, consensus: { strategy: adaptive, risk: 0 }`,
      /^consensus.risk: sampling stops only/,
    ],
    [
      'among of another strategy',
      `${TWO}, consensus: { strategy: first_win, among: [majority, union] }`,
      /^consensus.among: "among" is of the strategy adaptive only, and this one is first_win: it changes nothing$/,
    ],
    [
      'risk of another strategy',
      `${TWO}, consensus: { risk: 0.2 }`,
      /^consensus.risk: "risk" is of the strategy self_cons/,
    ],
    [
      'a mode of no judge',
      `${TWO}, consensus: { judge_mode: verify }`,
      /^consensus.judge_mode: .* only, and this one is/,
    ],
    ['an ACK that nobody asks for', `${TWO}, consensus: { ack_severity: high }`, /^consensus.ack_severity: /],
    ['any agreement', `${TWO}, provisional: { agree_min: 0 }`, /^provisional.agree_min: any two answers agree so much/],
    [
      'a trigger below nothing',
      `${TWO}, escalation: [{ when: low_conf, threshold: 0, to: c }]`,
      /^escalation\[0\]: nothing is below a threshold of 0: low_conf never holds$/,
    ],
    [
      'a choice of all',
      'fanout: { agents: [small, { model: b, clones: 2 }, { model: c, challenger: true }], select: { top: 2 } }',
      /^fanout.select: all are asked, so none is chosen/,
    ],
    [
      'an arbiter that nobody asks',
      `${TWO}, arbiter: { agent: c }`,
      /^arbiter: the arbiter is never asked: the strategy majority asks none/,
    ],
    [
      'disagreement with the only one that is heard',
      `${TWO}, consensus: { strategy: first_win }, escalation: [{ when: disagree_high, to: c }]`,
      /^escalation\[0\]: first_win takes one answer and hears no other/,
    ],
    [
      'a quorum that ends a speculative fan-out',
      'fanout: { mode: speculative, agents: [small, b, c] }, consensus: { strategy: majority, quorum: 1 }, escalation: [{ when: disagree_high, to: d }]',
      /^escalation\[0\]: majority may end with 1 of 3 answers, once no other can outvote it, /,
    ],
  ])('%s', (_, rest, said) => {
    expect(warned(rest)).toEqual([expect.stringMatching(said)]);
  });

  test.each([
    ['ends of scales that mean something', `${TWO}, tau_final: 1, consensus: { strategy: union, risk: 0.05 }`],
    ['an arbiter after an escalation', `${TWO}, escalation: [{ when: low_conf, to: c }], arbiter: { agent: c }`],
    ['an arbiter of its own strategy', `${TWO}, consensus: { strategy: arbiter }, arbiter: { agent: c }`],
    [
      'a strategy that hears all',
      `${TWO}, consensus: { strategy: weighted_merge }, escalation: [{ when: disagree_high, to: c }]`,
    ],
    ['three voices', 'fanout: { agents: [small, b, c] }, escalation: [{ when: disagree_high, to: d }]'],
    [
      'risk and among of adaptive',
      `${TWO}, consensus: { strategy: adaptive, risk: 0.2, among: [union, self_consistency] }`,
    ],
  ])('says nothing of %s', (_, rest) => expect(warned(rest)).toEqual([]));
});

const member = (source: string): Member => ({
  ...{ source, model: source, persona: undefined, seed: undefined, temperature: undefined, clone: 0 },
  is_challenger: false,
});

/** A session of a majority of so many, with its own decisions. */
function sessionOf(voices: number, threshold: number): ConsensusSession {
  const plan: FanoutPlan = {
    mode: 'diverse',
    members: NAMES.slice(0, voices).map(member),
    strategy: {
      ...{ kind: 'majority', answer: { kind: 'text' }, quorum: undefined, weights: 'learned', judge: undefined },
      ...{ judge_mode: 'pick', risk: 0.05, among: [], ack_severity: 'critical' },
    },
    ...{ provisional: undefined, arbiter: undefined, width: undefined, deadline_ms: undefined, tau_final: undefined },
    escalations: [{ when: 'disagree_high', threshold, to: member('expert') }],
    reorder_max: 8,
  };
  const aliases = aliasTable();
  const tools = { vectors: new Vectors(hashedEmbedder()), aliases, scores: new ScoreTable(), cluster: undefined };
  return new ConsensusSession({
    ...{ plan, strategy: strategyOf('majority', tools), arbiter: undefined, documents: [] },
    standing: { weight: () => 1, winRate: () => 0.5, calibrated: (_, confidence) => confidence },
    read: (text, from) => readAnswer(text, from, plan.strategy.answer, aliases),
    citations: () => undefined,
  });
}

/** Has lanes answer in their order until the session asks somebody else or ends; returns after how many, and which. */
function played(voices: number, threshold: number, textOf: (lane: number) => string): readonly [number, string] {
  const session = sessionOf(voices, threshold);
  session.handle({ type: 'start' }, 0);
  for (let lane = 0; lane < voices; lane += 1) {
    const effects: SessionEffect[] = [
      ...session.handle({ type: 'admitted', lane }, 1),
      ...session.handle({ type: 'piece', lane, seq: 0, text: textOf(lane) }, 1),
      ...session.handle({ type: 'final', lane, pieces: 1, is_cut: false }, 1),
    ];
    const end = effects.find(({ type }) => type === 'complete' || type === 'escalated');
    if (end !== undefined) return [lane + 1, end.type];
  }
  return [voices, 'nothing'];
}

describe('what is said of disagreement is what a session does', () => {
  const fanout = (voices: number): string => `fanout: { agents: [${NAMES.slice(0, voices).join(', ')}] }`;
  const said = (voices: number, threshold: number): readonly string[] =>
    warned(`${fanout(voices)}, escalation: [{ when: disagree_high, threshold: ${threshold}, to: small }]`);

  test.each([2, 3, 4, 5, 6, 7, 8])('of %i lanes that agree at first', (voices) => {
    const [enough, end] = played(voices, 0.99, () => 'the same');
    expect([enough, end]).toEqual([Math.ceil(voices / 2), 'complete']);
    expect(said(voices, 0.99)).toEqual([expect.stringContaining(`may end with ${enough} of ${voices} answers`)]);
    // Were they heard, and differed, they would agree as little as this: it is not below it.
    if (enough > 1) expect(said(voices, Math.floor((enough / voices) * 1_000) / 1_000)).toEqual([]);
  });

  test.each([2, 3, 4, 5, 6, 7, 8])('of %i lanes that differ', (voices) => {
    // Of two the first stands after its own answer; of more all are heard, and agree no more than this.
    const least = 1 / voices;
    expect(played(voices, least, (lane) => `answer ${lane}`)[1]).toBe('complete');
    expect(said(voices, Math.floor(least * 1_000) / 1_000)).toEqual([expect.stringContaining('does not hold however')]);
    if (voices > 2) expect(played(voices, least + 0.01, (lane) => `answer ${lane}`)[1]).toBe('escalated');
  });
});
