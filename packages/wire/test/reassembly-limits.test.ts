import { randomInt, seededRng } from '@atp-router/kernel';
import { describe, expect, it } from 'vitest';
import { contentDigest, type Frame, Reassembler } from '../src/index.ts';
import { digests } from './support/digests.ts';
import { BARE } from './support/frames.ts';
import { feed, ID, kinds } from './support/fragments.ts';

describe('limits of reassembly', () => {
  const limits = { fragments: 8, message_bytes: 100, open_messages: 3, buffer_bytes: 4_000, closed_messages: 4 };
  const part = (msg_seq: number, frag_seq: number, content: string): Frame => ({
    ...BARE,
    msg_seq,
    frag_seq,
    flags: ['MORE'],
    payload: { type: 'agent.log', content, checksum: contentDigest(content, digests) },
  });
  const make = (): Reassembler => new Reassembler(digests, limits);

  it('on fragments and bytes of a message', () => {
    expect(feed(make(), part(0, 8, 'x'))).toEqual([{ type: 'failed', id: ID, fault: 'too_many_fragments' }]);
    expect(feed(make(), part(0, Number.MAX_SAFE_INTEGER, 'x'))).toEqual([
      { type: 'failed', id: ID, fault: 'too_many_fragments' },
    ]);
    const into = make();
    expect(kinds(feed(into, part(0, 0, 'x'.repeat(60))))).toEqual(['stored']);
    expect(feed(into, part(0, 1, 'x'.repeat(41)))).toEqual([{ type: 'failed', id: ID, fault: 'too_large' }]);
  });

  it('on open messages: a new one is refused, and those that are open go on', () => {
    const into = make();
    for (const msg_seq of [0, 1, 2]) expect(kinds(feed(into, part(msg_seq, 0, 'x')))).toEqual(['stored']);
    expect(kinds(feed(into, part(3, 0, 'x')))).toEqual(['refused']);
    expect(kinds(feed(into, part(2, 1, 'x')))).toEqual(['stored']);
    expect([into.open_messages, into.counts.refused]).toEqual([3, 1]);
  });

  it('on all together, whatever the frames hold beside their content', () => {
    const into = make();
    const big = { ...part(0, 0, 'x'), padding: 'x'.repeat(3_900) } as Frame;
    expect(kinds(feed(into, big))).toEqual(['refused']);
    for (let i = 0; i < 8; i += 1) for (let seq = 0; seq < 3; seq += 1) feed(into, part(seq, i, 'x'));
    expect(into.buffered_bytes).toBeLessThanOrEqual(4_000);
    expect(into.counts.refused).toBeGreaterThan(0);
  });

  it('on what is remembered of the past', () => {
    const into = make();
    for (let seq = 0; seq < 9; seq += 1) feed(into, part(seq, 8, 'x'));
    expect(into.snapshot().closed.map(({ id }) => id.msg_seq)).toEqual([5, 6, 7, 8]);
  });

  it('hold against a flood', () => {
    const rng = seededRng(9);
    const into = make();
    for (let i = 0; i < 3_000; i += 1) {
      feed(into, part(randomInt(rng, 0, 40), randomInt(rng, 0, 9), 'x'.repeat(randomInt(rng, 0, 40))));
      expect(into.open_messages).toBeLessThanOrEqual(limits.open_messages);
      expect(into.buffered_bytes).toBeLessThanOrEqual(limits.buffer_bytes);
      expect(into.snapshot().closed.length).toBeLessThanOrEqual(limits.closed_messages);
    }
  });
});
