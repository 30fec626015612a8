import { Hearing } from '../../src/session/hearing.ts';
import { Lane } from '../../src/session/lane.ts';
import { Lanes } from '../../src/session/lanes.ts';
import { ReorderBuffer } from '../../src/session/reorder.ts';
import { broken, type Fault } from './fault.ts';

const lane = Lane.prototype;
const lanes = Lanes.prototype;
const buffer = ReorderBuffer.prototype;

/** In what lanes say, and who is at work. */
export const LANE_FAULTS: readonly Fault[] = [
  {
    name: 'all lanes are begun at once, whatever the width',
    found_by: 'lanes are at work, of',
    make: () =>
      broken(
        lanes,
        'next',
        (right) =>
          function () {
            return right.call(this, Number.POSITIVE_INFINITY);
          },
      ),
  },
  {
    name: 'no lane is begun in the place of one that is over',
    found_by: 'lanes are not begun, and may be',
    make: () => {
      const filled = new WeakSet<object>();
      return broken(
        lanes,
        'next',
        (right) =>
          function (width) {
            if (filled.has(this)) return [];
            filled.add(this);
            return right.call(this, width);
          },
      );
    },
  },
  {
    name: 'a lane that fails is waited for',
    found_by: 'it waits for nobody',
    make: () => broken(lane, 'failed', () => () => undefined),
  },
  {
    name: 'a lane that is refused is waited for',
    found_by: 'it waits for nobody',
    make: () => broken(lane, 'rejected', () => () => undefined),
  },
  {
    name: 'a piece that comes twice is said twice',
    found_by: 'has another answer than was said',
    make: () =>
      broken(
        buffer,
        'push',
        (right) =>
          function (seq, text, out) {
            const pushed = right.call(this, seq, text, out);
            if (pushed === 'duplicate' && seq < this.next) out(text);
            return pushed;
          },
      ),
  },
  {
    name: 'pieces are taken in the order in which they come',
    found_by: 'has said another text',
    make: () =>
      broken(
        buffer,
        'push',
        (right) =>
          function (seq, text, out) {
            const pushed = right.call(this, seq, text, () => undefined);
            if (pushed !== 'duplicate') out(text);
            return pushed;
          },
      ),
  },
  {
    name: 'what was said before a lane began anew counts',
    found_by: 'has another answer than was said',
    make: () => broken(lane, 'restarted', () => () => undefined),
  },
  {
    name: 'what waits is kept when a lane begins anew',
    found_by: 'has another answer than was said',
    make: () => broken(buffer, 'reset', () => () => undefined),
  },
  {
    name: 'a lane that was held back is never let go',
    found_by: 'is held back with 0 pieces that wait',
    make: () =>
      broken(
        lane,
        'piece',
        (right) =>
          function (seq, text) {
            const flow = right.call(this, seq, text);
            return flow === 'resume' ? 'none' : flow;
          },
      ),
  },
  {
    name: 'any number of pieces may wait',
    found_by: 'pieces wait',
    make: () => {
      const right = Object.getOwnPropertyDescriptor(buffer, 'is_broken');
      Object.defineProperty(buffer, 'is_broken', { get: () => false, configurable: true });
      return () => {
        if (right !== undefined) Object.defineProperty(buffer, 'is_broken', right);
      };
    },
  },
  {
    name: 'what comes behind the last piece is of the answer',
    found_by: 'has another answer than was said',
    make: () =>
      broken(
        lane,
        'final',
        (right) =>
          function (pieces, is_cut) {
            right.call(this, pieces + 1, is_cut);
          },
      ),
  },
  {
    name: 'an answer is complete before its last piece has come',
    found_by: 'is whole too early',
    make: () =>
      broken(
        lane,
        'final',
        (right) =>
          function (pieces, is_cut) {
            right.call(this, Math.min(pieces, 1), is_cut);
          },
      ),
  },
  {
    name: 'an answer arrives twice',
    found_by: 'an answer arrives twice',
    make: () =>
      broken(
        Hearing.prototype,
        'hear',
        (right) =>
          function (event, now_ms, effects) {
            const before = this.arrival.length;
            const heard = right.call(this, event, now_ms, effects);
            if (this.arrival.length > before) (this.arrival as number[]).push(event.lane);
            return heard;
          },
      ),
  },
  {
    name: 'what was said by the deadline is lost',
    found_by: 'there is no result, though somebody has answered',
    make: () => broken(lanes, 'keepPartial', () => () => undefined),
  },
  {
    name: 'what was said counts of each lane that is stopped',
    found_by: 'has another answer than was said',
    make: () =>
      broken(
        lanes,
        'stop',
        (right) =>
          function (reason) {
            this.keepPartial(() => ({ key: '', findings: undefined, confidence: undefined }));
            return right.call(this, reason);
          },
      ),
  },
  {
    name: 'lanes that nobody needs work on',
    found_by: 'is left at work',
    make: () =>
      broken(
        lanes,
        'stop',
        (right) =>
          function (reason) {
            right.call(this, reason);
            return [];
          },
      ),
  },
];
