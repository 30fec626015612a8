import type { Payload } from '@atp-router/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Conversation,
  converse,
  type ConversationEffect,
  type ConversationEvent,
  OPENED,
} from '../../src/atp/agents/conversation.ts';
import { ESTIMATE, final, piece } from './raw.ts';

const said = (payload: Payload | undefined, fin = false): ConversationEvent => ({ type: 'message', payload, fin });
const ERROR: Payload = { type: 'error', content: { code: 'EBUDGET', reason: 'No.' } };

function run(
  events: readonly ConversationEvent[],
  usage = false,
): { state: Conversation; effects: ConversationEffect[] } {
  let state = OPENED;
  const effects: ConversationEffect[] = [];
  for (const event of events) {
    const step = converse(state, event, usage);
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects };
}

const types = (events: readonly ConversationEvent[], usage = false): string[] =>
  run(events, usage).effects.map((one) => (one.type === 'fault' ? one.fault : one.type));

const ENDS: ReadonlySet<string> = new Set(['final', 'declined', 'gone', 'too_large']);

describe('what is said on the stream of a dispatch', () => {
  test('is an estimate, pieces and a result', () => {
    const all = [said(ESTIMATE), said(piece('a')), said({ type: 'agent.log', content: 1 }), said(final('a'), true)];
    expect(types(all)).toEqual(['estimated', 'event', 'final']);
    expect(run(all).state).toMatchObject({ kind: 'over' });
  });

  test('may be a result alone, text alone, or an end of its own', () => {
    expect(types([said(ESTIMATE), said({ type: 'agent.result.final', content: 'Hi' }, true)])).toEqual([
      'estimated',
      'final',
    ]);
    const stream = { session_id: 's', persona_id: 'p', clone_id: 'c', seq: 0, data: 'Hi' };
    expect(run([said(ESTIMATE), said({ type: 'agent.stream', content: stream })]).effects[1]).toMatchObject({
      data: { kind: 'text', delta: 'Hi' },
    });
    expect(types([said(ESTIMATE), said(final('a')), said(undefined, true)])).toEqual(['estimated', 'final']);
  });

  test('may have what a later edition added', () => {
    expect(
      types([said({ type: 'agent.hologram' }), said(ESTIMATE), said({ type: 'x.y' }), said(final('a'), true)]),
    ).toEqual(['estimated', 'final']);
  });

  test.each<[string[], ConversationEvent[]]>([
    [['no_estimate'], [{ type: 'timeout' }]],
    [['bad_estimate'], [said(ESTIMATE, true)]],
    [
      ['bad_estimate'],
      [said({ type: 'adapter.estimate', content: { in_tokens: 5, out_tokens: 5, usd_micros: 0, p95_tokens: 1 } })],
    ],
    [
      ['estimated', 'silent'],
      [said(ESTIMATE), { type: 'timeout' }],
    ],
    [
      ['estimated', 'event', 'out_of_order'],
      [said(ESTIMATE), said({ ...piece('a'), seq: 1 }), said({ ...piece('b'), seq: 0 })],
    ],
    [
      ['estimated', 'final', 'no_final'],
      [said(ESTIMATE), said(final('a')), { type: 'timeout' }],
    ],
    [
      ['estimated', 'final', 'after_final'],
      [said(ESTIMATE), said(final('a')), said(final('a'), true)],
    ],
    [['declined'], [said(ERROR)]],
    [
      ['estimated', 'declined'],
      [said(ESTIMATE), { type: 'closed', error: ERROR }],
    ],
    [['gone'], [{ type: 'closed', error: undefined }]],
    [
      ['estimated', 'gone'],
      [said(ESTIMATE), { type: 'lost' }],
    ],
    [
      ['estimated', 'too_large'],
      [said(ESTIMATE), { type: 'too_large' }],
    ],
    [
      ['estimated', 'final', 'after_final'],
      [said(ESTIMATE), said(final('a'), true), { type: 'refused' }],
    ],
    [
      ['estimated', 'out_of_order'],
      [said(ESTIMATE), { type: 'refused' }],
    ],
  ])('ends as %j', (wanted, events) => {
    expect(types(events)).toEqual(wanted);
    expect(run(events).state.kind).toBe('over');
  });

  test('has usage where that was promised', () => {
    expect(types([said(ESTIMATE), said(final('a'), true)], true)).toEqual(['estimated', 'final', 'no_usage']);
    const usage = { in_tokens: 1, out_tokens: 1 };
    expect(types([said(ESTIMATE), said(final('a', { usage }), true)], true)).toEqual(['estimated', 'final']);
  });

  test('whatever it is, has one end: a result, a refusal, a fault or nobody, and nothing follows', () => {
    const payload = fc.oneof(
      fc.constantFrom<Payload | undefined>(ESTIMATE, piece('a'), final('a'), ERROR, undefined, { type: 'agent.log' }),
      fc.record({
        type: fc.constantFrom('agent.stream', 'agent.result.partial', 'agent.result.final'),
        content: fc.jsonValue(),
      }) as fc.Arbitrary<Payload>,
      fc.record({ type: fc.string({ minLength: 1 }), content: fc.jsonValue() }) as fc.Arbitrary<Payload>,
    );
    const event = fc.oneof(
      { weight: 8, arbitrary: fc.tuple(payload, fc.boolean()).map(([one, fin]) => said(one, fin)) },
      {
        weight: 1,
        arbitrary: fc.constantFrom<ConversationEvent>(
          { type: 'timeout' },
          { type: 'lost' },
          { type: 'too_large' },
          { type: 'refused' },
          { type: 'closed', error: undefined },
        ),
      },
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), fc.boolean(), (events, usage) => {
        const { state, effects } = run([said(ESTIMATE), ...events, { type: 'closed', error: undefined }], usage);
        expect(state).toMatchObject({ kind: 'over' });
        const ends = effects.filter(({ type }) => ENDS.has(type));
        const faults = effects.filter(({ type }) => type === 'fault');
        // A fault is an end of its own, or stands behind a result.
        expect(ends.length + faults.length).toBeGreaterThanOrEqual(1);
        expect(ends.length).toBeLessThanOrEqual(1);
        expect(faults.length).toBeLessThanOrEqual(1);
        if (ends.length + faults.length === 2)
          expect(effects.slice(-2).map(({ type }) => type)).toEqual(['final', 'fault']);
        // Nothing of an answer behind its end.
        const last_piece = effects.findLastIndex(({ type }) => type === 'event');
        const first_end = effects.findIndex(({ type }) => type !== 'event' && type !== 'estimated');
        expect(last_piece).toBeLessThan(first_end);
      }),
    );
  });
});
