import { describe, expect, it } from 'vitest';
import {
  type Flag,
  FLAGS,
  type Frame,
  hasFlag,
  hasMore,
  isFragment,
  isWireObject,
  knownPayload,
  laneKey,
  laneOf,
  PAYLOAD_TYPES,
} from '../src/index.ts';
import { BARE } from './support/frames.ts';

describe('a frame', () => {
  it.each<[Pick<Frame, 'flags' | 'frag_seq'>, boolean, boolean]>([
    [{}, false, false],
    [{ frag_seq: 0 }, false, false],
    [{ frag_seq: 1 }, true, false],
    [{ flags: ['MORE'] }, true, true],
    [{ flags: ['ECN', 'MORE'], frag_seq: 3 }, true, true],
    [{ flags: ['FRAG'] }, true, true],
    [{ flags: ['FRAG', 'LAST'] }, false, false],
    [{ flags: ['FRAG', 'LAST'], frag_seq: 2 }, true, false],
    [{ flags: ['LAST'] }, false, false],
    [{ flags: ['more', 'LATER'] }, false, false],
  ])('%j is a fragment by its flags or its index', (frame, is_fragment, has_more) => {
    expect(isFragment(frame)).toBe(is_fragment);
    expect(hasMore(frame)).toBe(has_more);
  });

  it('has the flags that it says', () => {
    const flags: readonly Flag[] = ['SYN', 'ACK'];
    expect(FLAGS.filter((flag) => hasFlag({ ...BARE, flags }, flag))).toEqual(flags);
    expect(hasFlag(BARE, 'SYN')).toBe(false);
  });
});

describe('the key of a lane', () => {
  it('is equal for equal lanes only', () => {
    const parts = ['', 'a', 'aa', '1:', ':a', '\u0000'];
    const lanes = parts.flatMap((stream_id) =>
      parts.flatMap((persona_id) => parts.map((clone_id) => laneKey({ stream_id, persona_id, clone_id }))),
    );
    expect(new Set(lanes).size).toBe(parts.length ** 3);
  });

  it('takes an absent persona for none', () => {
    expect(laneOf(BARE)).toEqual({ stream_id: 't', persona_id: '', clone_id: '' });
    const payload = { type: 'x', persona_id: 'p', clone_id: 'c' };
    expect(laneOf({ ...BARE, payload })).toEqual({ stream_id: 't', persona_id: 'p', clone_id: 'c' });
  });
});

describe('payloads', () => {
  it('of a known type are told by it', () => {
    expect(PAYLOAD_TYPES).toHaveLength(24);
    const payload = knownPayload({ type: 'error', content: { code: 'EPROTO', reason: 'x' } });
    expect(payload?.type === 'error' && payload.content.code).toBe('EPROTO');
    expect(knownPayload({ type: 'toString' })).toBeUndefined();
    expect(knownPayload({ type: 'agent.later' })).toBeUndefined();
  });

  it('hold objects, lists and bytes, which are told apart', () => {
    expect([{}, [], new Uint8Array(1), null, 'x'].map(isWireObject)).toEqual([true, false, false, false, false]);
  });
});
