import type { JsonObject } from '@atp-router/kernel';
import { flag, int, list, num, orNull, record, ref, text, words } from './schema.ts';

const spent: JsonObject = {
  tokens: int('Prompt and answer together.'),
  cost_usd_micros: int('Cost in millionths of a US dollar.'),
};

const offset = (description: string): JsonObject =>
  orNull(num(`${description}, ms after the start of the session; null: it did not come so far.`));

const lane: JsonObject = record({
  lane: int('Position in the fan-out, from 0.'),
  role: words('As what it was asked.', ['member', 'challenger', 'escalation']),
  source: text('Persona, agent or model.'),
  clone: int('0 for the first of its clones.'),
  model: orNull(text('Model that was asked last; null when none was.')),
  state: words('How far it came.', [
    ...['init', 'admitted', 'rejected', 'streaming', 'paused', 'finalized', 'failed', 'cancelled'],
  ]),
  error: orNull(text('Code of the catalogue, of one that failed or was rejected.')),
  reason: orNull(words('Why it was stopped.', ['early_exit', 'deadline', 'expired', 'aborted'])),
  share: num('Part of the result that it carries, 0 to 1.'),
  attempts: int('Attempts.'),
  admitted_ms: offset('When it had a place'),
  first_piece_ms: offset('When it began to answer'),
  ended_ms: offset('When it was over'),
  waits: int('Pieces that had to wait for an earlier one.'),
  answer_chars: int('Length of what it said, in UTF-16 units.'),
  ...spent,
});

const followUp: JsonObject = record({
  id: text('Within the session.'),
  lane: orNull(int('Its number in records of attempts; null when nobody was asked.')),
  role: words('As what.', ['judge', 'verifier', 'ack', 'arbiter', 'embed', 'escalation', 'filter', 'fallback']),
  source: text('Who was asked.'),
  answered: flag('False: it failed, was refused, or came too late.'),
  asked_ms: num('When, ms after the start of the session.'),
  ended_ms: offset('When it was over'),
  ...spent,
});

const session: JsonObject = {
  call_id: text('Id of its call.'),
  node_id: text('Process that ran it.'),
  epoch: int('Journal file of its record.'),
  seq: int('Number of its record there.'),
  tenant: text('Who pays.'),
  policy: text('Policy that asked several.'),
  strategy: text('Strategy that decided last.'),
  mode: words('Mode of the fan-out.', ['speculative', 'diverse', 'clone']),
  outcome: words('How it ended.', ['ok', 'error', 'cancelled']),
  error: orNull(text('Code of the catalogue when it is not `ok`.')),
  started_ms: int('Start, ms since the epoch.'),
  ended_ms: int('End, ms since the epoch.'),
  lanes: list(ref('ConsensusLane'), 'In their order.'),
  follow_ups: list(ref('ConsensusFollowUp'), 'What was asked beyond the fan-out.'),
  agreement: orNull(num('Of the answers with each other, 0 to 1; null without a result.')),
  confidence: orNull(
    record({ raw: num('As the strategy says, 0 to 1.'), calibrated: num('As past outcomes correct it.') }),
  ),
  chosen_lane: orNull(int('Lane whose answer is the result, word for word; null when it was put together.')),
  findings: orNull(int('How many findings the result has; null where it is none of findings.')),
  escalation: orNull(text('Why somebody who knows better was asked.')),
  arbiter: record({ used: flag('It was asked.'), refused_by_cap: flag('Its cap was too small to ask it.') }),
  challenger: orNull(
    words('`tie`: it says what the result says. `win`: all together would have said what it says.', [
      'win',
      'tie',
      'loss',
    ]),
  ),
  provisional: int('Results that were told before the final one.'),
  revisions: int('How often one was changed.'),
  timing: record(
    {
      dispatch_ms: num('Until the first lane had a place.'),
      stream_ms: num('From there until reconciling began.'),
      reconcile_ms: num('From there to the end.'),
      complete_ms: num('All of it.'),
    },
    [],
  ),
  decision: list({ type: 'string' }, 'Why the result came out so, without what it quotes of answers.'),
  uncertainties: list({ type: 'string' }, 'What is uncertain about it, likewise.'),
  heatmap_summary: orNull(
    record({
      shared: num('How much of an answer others say, too, 0 to 1: mean over lanes.'),
      lanes: list(record({ lane: int('Lane.'), shared: num('Its own.') })),
    }),
  ),
  documents: int('Documents of the task that citations were held against; they are not kept.'),
  ...spent,
};

const member: JsonObject = record({
  source: text('Persona, agent or model.'),
  model: text('What it is asked through.'),
  clone: int('0 for the first of its clones.'),
  is_challenger: flag('Its answer never is the result.'),
  persona: orNull(text('Its role.')),
  seed: orNull(int('Its own seed.')),
  temperature: orNull(num('Its own temperature.')),
});

const said: JsonObject = {
  lane: orNull(int('Whose.')),
  text: text('What it said, as far as it is kept.'),
  chars: int('Its whole length, in UTF-16 units.'),
  is_cut: flag('It was longer than is kept.'),
};

const step: JsonObject = record(
  {
    at_ms: num('When, ms after the start of the session.'),
    type: words('What.', ['admitted', 'final', 'failed', 'rejected', 'follow_up', 'timer']),
    lane: int('Of which lane.'),
    is_cut: flag('Its budget had cut it short.'),
    error: text('Code of the catalogue.'),
    id: text('Which question was answered.'),
    timer: words('Which time was over.', ['deadline', 'tight', 'expiry', 'late']),
  },
  ['lane', 'is_cut', 'error', 'id', 'timer'],
);

const findings: JsonObject = orNull(
  list({ type: 'object', description: 'A finding: id, type, file, span, claim, evidence, severity, confidence …' }),
);

const kept: JsonObject = record({
  plan: record({
    mode: text('Mode of the fan-out.'),
    strategy: text('Strategy of the policy.'),
    weights: words('What votes count by.', ['learned', 'equal']),
    quorum: orNull(num('Votes that decide.')),
    width: orNull(int('Lanes that ran at once; null: all.')),
    deadline_ms: orNull(num('From the start of the session.')),
    tau_final: orNull(num('Confidence that ends it.')),
    members: list(member),
  }),
  sources: list(
    record({
      source: text('Persona, agent or model.'),
      weight: num('What its word counted: log-odds beyond chance.'),
      win_rate: num('How often it was right or chosen before, 0 to 1.'),
    }),
  ),
  steps: list(step, 'What happened, in its order.'),
  steps_cut: flag('There were more.'),
  lanes: list(record(said), 'What each lane said.'),
  follow_ups: list(
    record({
      id: text('Which question.'),
      role: text('As what.'),
      source: text('Who.'),
      text: orNull(text('What it said; null: nothing.')),
      chars: int('Its whole length.'),
      is_cut: flag('It was longer than is kept.'),
    }),
  ),
  result: orNull(record({ ...said, findings })),
  decision: list({ type: 'string' }, 'Why the result came out so.'),
  uncertainties: list({ type: 'string' }, 'What is uncertain about it.'),
  failure: orNull(text('What kept it from a result.')),
  fell_back: flag('The result is not of the session: the chain of the policy was asked when that had come to nothing.'),
});

export const CONSENSUS_SCHEMAS: JsonObject = {
  ConsensusLane: lane,
  ConsensusFollowUp: followUp,
  ConsensusSession: record(session),
  ConsensusDetail: record({
    ...session,
    answers: words(
      '`not_kept`: the operator does not have it kept. `not_readable`: another router sealed it with a key of its own.',
      ['kept', 'not_kept', 'not_readable'],
    ),
    session: orNull(kept),
    heatmap: orNull(
      record({
        lanes: list(
          record({
            lane: int('Lane.'),
            spans: list(
              list({ type: 'integer' }),
              'Length in UTF-16 units and percent of the others that say the same, from the beginning of the text.',
            ),
            is_cut: flag('The last one stands for more.'),
          }),
        ),
      }),
    ),
  }),
  ConsensusReplay: record({
    call_id: text('Id of the call.'),
    strategy: text('Strategy that decided now.'),
    recorded_strategy: text('Strategy of the session.'),
    same: flag('The result is the recorded one, word for word and of the same lane.'),
    result: orNull(
      record({
        text: text('The result.'),
        lane: orNull(int('Lane whose answer it is, word for word.')),
        findings,
        agreement: num('Of the answers with each other, 0 to 1.'),
        confidence: num('Before calibration, 0 to 1.'),
        decision: list({ type: 'string' }, 'Why.'),
        uncertainties: list({ type: 'string' }, 'What is uncertain about it.'),
        shares: list(record({ lane: int('Lane.'), share: num('Part of the result, 0 to 1.') })),
      }),
    ),
    failure: orNull(text('What kept it from a result.')),
    unanswered: list(
      { type: 'string' },
      'Questions of the strategy that nobody had been asked: they stay without an answer.',
    ),
    doubts: list(
      { type: 'string' },
      'Why it need not be what it would have been; empty: it rests on all that there was.',
    ),
  }),
};
