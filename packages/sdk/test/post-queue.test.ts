import { decodeFrame, encodeCbor, encodeJson, type Frame, StreamDecoder } from '@atp-router/wire';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FramesBody, PostQueue } from '../src/post-queue.ts';

const BYTES_MAX = 524_288;
const FRAMES_MAX = 1_024;

function frame(msg_seq: number, chars: number): Frame {
  const payload = { type: 'agent.log', content: 'x'.repeat(chars) };
  return { v: 1, session_id: 'session-of-the-test', stream_id: '1', msg_seq, payload };
}

function framesOf({ type, body }: FramesBody): readonly Frame[] {
  if (type === 'application/vnd.atp.frames') {
    return new StreamDecoder().decode(body).flatMap((record) => ('frame' in record ? [record.frame] : []));
  }
  expect(type).toBe('application/x-ndjson');
  const lines = new TextDecoder().decode(body).split('\n').slice(0, -1);
  return lines.map((line) => decodeFrame(new TextEncoder().encode(line)));
}

function bodiesOf(queue: PostQueue): readonly FramesBody[] {
  const bodies: FramesBody[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take()) bodies.push(next);
  return bodies;
}

test('frames leave as they came, in order, in bodies that a router and a proxy take', () => {
  const sizes = fc.array(fc.tuple(fc.constantFrom(0, 10, 60_000, 600_000), fc.boolean()), { maxLength: 40 });
  fc.assert(
    fc.property(sizes, (all) => {
      const queue = new PostQueue();
      const frames = all.map(([chars], i) => frame(i, chars));
      for (const [i, one] of frames.entries()) queue.add(all[i]?.[1] === true ? encodeCbor(one) : encodeJson(one));
      const bodies = bodiesOf(queue);
      expect(bodies.flatMap(framesOf)).toEqual(frames);
      for (const one of bodies) expect(one.body.length <= BYTES_MAX || framesOf(one).length === 1).toBe(true);
      expect(queue.bytes).toBe(0);
    }),
    { numRuns: 20 },
  );
});

test('a body has no more frames than a request may have', () => {
  const queue = new PostQueue();
  const text = encodeJson(frame(0, 0));
  for (let i = 0; i < FRAMES_MAX + 1; i += 1) queue.add(text);
  expect(bodiesOf(queue).map((one) => framesOf(one).length)).toEqual([FRAMES_MAX, 1]);
});
