import { randomInt, seededRng } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contentDigest,
  decodeCbor,
  decodeJson,
  differingLeaves,
  digestBytes,
  encodeCbor,
  encodeJson,
  type Frame,
  type Payload,
  Reassembler,
  REASSEMBLY_LIMITS,
  type ReassemblyEffect,
  type WireValue,
  WIRE_LIMITS,
} from '../src/index.ts';
import { sampleFrame, sampleValue } from '../src/testing/index.ts';
import { digests } from './support/digests.ts';
import { feed, ID, kinds, message, shuffled, split, TEXT } from './support/fragments.ts';

describe('putting a message together', () => {
  it('gives what was cut, whatever the order, the encoding and the repetitions', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const rng = seededRng(seed);
        const frame = sampleFrame(seed);
        const content = randomInt(rng, 0, 1) === 0 ? sampleValue(seed) : 'x☃😀'.repeat(randomInt(rng, 1, 40));
        const { checksum: _checksum, frag: _frag, ...payload } = frame.payload ?? { type: 'x' };
        const whole: Frame = { ...frame, flags: ['CTRL'], payload: { ...payload, type: 'agent.log', content } };
        const { frag_seq: _seq, nonce: _nonce, ts: _ts, kid: _kid, sig: _sig, checksum: _sum, ...sent } = whole;
        const parts = split(sent);
        if (parts.length === 1) return;
        const into = new Reassembler(digests);
        const last = parts.length - 1;
        const due = new Set(parts.keys());
        let done = 0;
        let ack = -1;
        for (const index of shuffled(rng, [...parts.keys(), ...parts.keys()])) {
          const part = parts[index] as Frame;
          const way = randomInt(rng, 0, 1) === 0 ? decodeCbor(encodeCbor(part)) : decodeJson(encodeJson(part));
          const effects = feed(into, way);
          const is_new = due.delete(index);
          expect(kinds(effects)[0]).toBe(is_new ? 'stored' : 'duplicate');
          const id = effects[0]?.id ?? ID;
          const now = into.ackUpTo(id) ?? last;
          expect(now).toBeGreaterThanOrEqual(ack);
          ack = now;
          if (due.has(last)) expect(into.missing(id)).toBeUndefined();
          else if (due.size > 0) expect(into.missing(id)).toEqual([...due].sort((a, b) => a - b));
          for (const effect of effects) {
            if (effect.type !== 'complete') continue;
            done += 1;
            expect(due.size).toBe(0);
            expect(encodeCbor(effect.frame)).toEqual(encodeCbor(sent));
            expect(effect.root).toBe(parts[last]?.payload?.frag?.root);
          }
        }
        expect(done).toBe(1);
        expect([into.open_messages, into.buffered_bytes, into.counts.duplicates]).toEqual([0, 0, parts.length]);
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it('keeps lanes and messages apart', () => {
    const into = new Reassembler(digests);
    const lanes = [
      message(TEXT),
      message(TEXT, { stream_id: 'u' }),
      message(TEXT, { msg_seq: 1 }),
      message(TEXT, {}, { persona_id: 'p' }),
    ];
    const parts = lanes.map((frame) => split(frame));
    for (let i = 0; i < (parts[0]?.length ?? 0); i += 1) {
      for (const [lane, of_lane] of parts.entries()) {
        const effects = feed(into, of_lane[i] as Frame);
        for (const effect of effects) if (effect.type === 'complete') expect(effect.frame).toEqual(lanes[lane]);
      }
    }
    expect(into.counts).toEqual({ duplicates: 0, late: 0, bad: 0, refused: 0 });
    expect(into.open_messages).toBe(0);
  });

  it('goes on from a snapshot as if nothing had happened', () => {
    const parts = split(message(TEXT));
    for (let cut = 0; cut <= parts.length; cut += 1) {
      const first = new Reassembler(digests);
      for (const part of parts.slice(0, cut)) feed(first, part);
      const copy = structuredClone(first.snapshot());
      const second = new Reassembler(digests, REASSEMBLY_LIMITS, WIRE_LIMITS, copy);
      const effects = [...parts, ...parts].flatMap((part) => feed(second, part));
      expect(second.buffered_bytes).toBe(0);
      expect(effects.filter(({ type }) => type === 'complete')).toHaveLength(cut === parts.length ? 0 : 1);
      expect(effects.filter(({ type }) => type === 'stored')).toHaveLength(parts.length - cut);
    }
  });

  it('names one bad fragment, which can be sent again alone', () => {
    const into = new Reassembler(digests);
    const parts = split(message(TEXT));
    const bad = { ...parts[1], payload: { ...parts[1]?.payload, content: 'something else' } } as Frame;
    expect(feed(into, bad)).toEqual([{ type: 'bad_fragment', id: ID, frag_seq: 1 }]);
    expect(into.open_messages).toBe(0);
    const effects = parts.flatMap((part) => feed(into, part));
    expect(kinds(effects).at(-1)).toBe('complete');
    expect(into.counts.bad).toBe(1);
  });

  it('does not take a last fragment that seals nothing', () => {
    const parts = split(message(TEXT));
    const last = parts.at(-1) as Frame;
    const { frag: _frag, ...payload } = last.payload as Payload;
    expect(kinds(feed(new Reassembler(digests), { ...last, payload }))).toEqual(['bad_fragment']);
  });

  it('does not look at a seal beside MORE', () => {
    const into = new Reassembler(digests);
    const parts = split(message(TEXT));
    const frag = { root: `sha256:${'0'.repeat(64)}`, bytes: 1 };
    const sealed = parts.map((part, i) =>
      i === 1 ? { ...part, payload: { ...(part.payload as Payload), frag } } : part,
    );
    expect(kinds(sealed.flatMap((part) => feed(into, part))).at(-1)).toBe('complete');
  });

  it('takes any JSON text that means the content', () => {
    const into = new Reassembler(digests);
    const text = '{ "z": 1.0,\n"a" : ["\\u0041", {"$bytes":"AQI"} ] } ';
    const effects = split(message(text)).flatMap((part) => feed(into, sealedAs(part, 'json')));
    const content = { z: 1, a: ['A', Uint8Array.of(1, 2)] };
    expect(effects.at(-1)).toMatchObject({ type: 'complete', frame: message(content) });
  });

  const forged = (part: Frame, content: string): Frame => ({
    ...part,
    payload: { ...(part.payload as Payload), content, checksum: contentDigest(content, digests) },
  });

  it('fails a message whose fragments contradict each other, once and for good', () => {
    const parts = split(message(TEXT));
    const at = (i: number): Frame => parts[i] as Frame;
    const last = parts.length - 1;
    const cases: readonly (readonly [string, readonly Frame[]])[] = [
      ['another content', [at(0), forged(at(0), 'another')]],
      [
        'bytes among text',
        [
          at(0),
          {
            ...at(1),
            payload: {
              ...(at(1).payload as Payload),
              content: new TextEncoder().encode(at(1).payload?.content as string),
            },
          },
        ],
      ],
      ['another type', [at(0), { ...at(1), payload: { ...(at(1).payload as Payload), type: 'agent.question' } }]],
      ['a second last', [at(last), { ...at(last), frag_seq: last + 1 }]],
      ['one behind the last', [at(last), { ...at(1), frag_seq: last + 1 }]],
      ['a last before another', [at(2), { ...at(last), frag_seq: 1 }]],
      ['a last that has more', [at(last), { ...at(last), flags: ['MORE'] }]],
    ];
    for (const [name, frames] of cases) {
      const into = new Reassembler(digests);
      const effects = frames.flatMap((frame) => feed(into, frame));
      expect(effects.at(-1), name).toEqual({ type: 'failed', id: ID, fault: 'conflict' });
      expect(kinds(parts.flatMap((part) => feed(into, part))), name).toEqual(parts.map(() => 'late'));
      expect([into.open_messages, into.buffered_bytes, into.counts.late], name).toEqual([0, 0, parts.length]);
    }
  });

  it('fails a message that does not fit its seal', () => {
    const parts = split(message(TEXT));
    const swapped = parts.map((part, i) => (i === 1 ? forged(part, 'x'.repeat(14)) : part));
    expect(swapped.flatMap((part) => feed(new Reassembler(digests), part)).length).toBe(parts.length);
    const into = new Reassembler(digests);
    expect(swapped.flatMap((part) => feed(into, part)).at(-1)).toMatchObject({ type: 'failed', fault: 'root' });
    // The digests that both sides have tell which one it was.
    const of = (frames: readonly Frame[]): string[] => frames.map(({ payload }) => payload?.checksum ?? '');
    expect(differingLeaves(of(parts), of(swapped))).toEqual([1]);
  });

  it('fails a message that is no content of its type', () => {
    const dispatch = (content: WireValue): readonly Frame[] => split(message(content, {}, { type: 'agent.dispatch' }));
    const outcome = (parts: readonly Frame[]): ReassemblyEffect | undefined => {
      const into = new Reassembler(digests);
      return parts.flatMap((part) => feed(into, part)).at(-1);
    };
    const targets = [{ persona_id: 'p', clone_id: 'c' }];
    expect(outcome(dispatch({ session_id: 'a long enough session', targets }))).toMatchObject({ type: 'complete' });
    expect(outcome(dispatch({ session_id: 'a long enough session' }))).toMatchObject({
      type: 'failed',
      fault: 'content',
    });
    expect(outcome(dispatch('just a text that is long enough'))).toMatchObject({ type: 'failed', fault: 'content' });
    expect(outcome(split(message('[1, 2, 3'.padEnd(40))).map((part) => sealedAs(part, 'json')))).toMatchObject({
      fault: 'content',
    });
    expect(outcome(split(message('[1, 2, 3]'.padEnd(40))).map((part) => sealedAs(part, 'json')))).toMatchObject({
      frame: message([1, 2, 3]),
    });
    expect(outcome(split(message(new Uint8Array(40))).map((part) => sealedAs(part, 'json')))).toMatchObject({
      fault: 'content',
    });
  });

  it('gives up when the session says so', () => {
    const into = new Reassembler(digests);
    const [first, second] = split(message(TEXT));
    feed(into, first as Frame, 100);
    feed(into, { ...first, msg_seq: 1 } as Frame, 200);
    expect(into.handle({ type: 'expire', opened_before_ms: 100 })).toEqual([]);
    expect(into.handle({ type: 'expire', opened_before_ms: 101 })).toEqual([
      { type: 'failed', id: ID, fault: 'expired' },
    ]);
    expect(feed(into, second as Frame)).toEqual([{ type: 'late', id: ID, frag_seq: 1 }]);
    expect(kinds(into.handle({ type: 'give_up', id: { ...ID, msg_seq: 1 } }))).toEqual(['failed']);
    expect(into.handle({ type: 'give_up', id: ID })).toEqual([]);
    expect([into.open_messages, into.buffered_bytes]).toEqual([0, 0]);
  });
});

/** The last fragment with its seal in another form; the root is over the same pieces. */
function sealedAs(part: Frame, form: 'json'): Frame {
  const seal = part.payload?.frag;
  if (seal === undefined) return part;
  expect(digestBytes(seal.root)).toHaveLength(32);
  return { ...part, payload: { ...(part.payload as Payload), frag: { ...seal, form } } };
}
