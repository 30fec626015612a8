import { Asks } from '../../src/session/asks.ts';
import { Escalations } from '../../src/session/escalations.ts';
import { Provisional } from '../../src/session/provisional.ts';
import { ConsensusSession } from '../../src/session/session.ts';
import type { SessionEffect, SessionEvent } from '../../src/session/types.ts';
import type { FollowUp } from '../../src/strategy.ts';
import { broken, type Fault } from './fault.ts';

const asks = Asks.prototype;
const provisional = Provisional.prototype;

/** What a session makes of an event, changed. */
function effects(change: (all: readonly SessionEffect[], event: SessionEvent) => readonly SessionEffect[]): () => void {
  return broken(
    ConsensusSession.prototype,
    'handle',
    (right) =>
      function (event, now_ms) {
        return change(right.call(this, event, now_ms), event);
      },
  );
}

/** In when it ends, whom it asks, and what it tells until then. */
export const END_FAULTS: readonly Fault[] = [
  {
    name: 'the deadline passes unheard',
    found_by: 'ms after its deadline',
    make: () =>
      broken(
        ConsensusSession.prototype,
        'handle',
        (right) =>
          function (event, now_ms) {
            return event.type === 'timer' && event.timer === 'deadline' ? [] : right.call(this, event, now_ms);
          },
      ),
  },
  {
    name: 'the deadline is counted from later on',
    found_by: 'ms after its deadline',
    make: () =>
      effects((all) =>
        all.map((one) =>
          one.type === 'set_timer' && one.timer === 'deadline' ? { ...one, delay_ms: one.delay_ms + 1 } : one,
        ),
      ),
  },
  {
    name: 'timers run on after the end',
    found_by: 'runs on after the end',
    make: () => effects((all) => all.filter(({ type }) => type !== 'clear_timer')),
  },
  {
    name: 'the end is told first, and then who is stopped',
    found_by: 'cancel after the end',
    make: () => effects((all) => all.toSorted((a, b) => Number(b.type === 'complete') - Number(a.type === 'complete'))),
  },
  {
    name: 'the end is told again of whatever comes after it',
    found_by: 'complete after the end',
    make: () => {
      const ends = new WeakMap<object, SessionEffect>();
      return broken(
        ConsensusSession.prototype,
        'handle',
        (right) =>
          function (event, now_ms) {
            const own = ends.get(this);
            if (own !== undefined) return [own];
            const all = right.call(this, event, now_ms);
            const last = all.at(-1);
            if (last?.type === 'complete') ends.set(this, last);
            return all;
          },
      );
    },
  },
  {
    name: 'it goes on when it is aborted',
    found_by: 'it goes on when it was aborted',
    make: () =>
      broken(
        ConsensusSession.prototype,
        'handle',
        (right) =>
          function (event, now_ms) {
            return event.type === 'abort' ? [] : right.call(this, event, now_ms);
          },
      ),
  },
  {
    name: 'one may ask on and on',
    found_by: 'are asked, of',
    make: () => {
      const known = new WeakMap<object, Set<string>>();
      return broken(
        asks,
        'take',
        (right) =>
          function (all) {
            const taken = right.call(this, all);
            const ids = known.get(this) ?? new Set();
            known.set(this, ids);
            const more = all.filter(({ id }) => !ids.has(id) && !taken.some((one) => one.id === id));
            for (const { id } of all) ids.add(id);
            return [...taken, ...more];
          },
      );
    },
  },
  {
    name: 'the same is asked again while nobody has answered',
    found_by: 'is asked twice',
    make: () =>
      broken(
        asks,
        'take',
        (right) =>
          function (all: readonly FollowUp[]) {
            right.call(this, all);
            return all;
          },
      ),
  },
  {
    name: 'who is asked is not told that nobody waits any more',
    found_by: 'are still asked after the end',
    make: () =>
      broken(
        asks,
        'stop',
        (right) =>
          function () {
            right.call(this);
            return [];
          },
      ),
  },
  {
    name: 'a reply that comes twice counts twice',
    found_by: 'what was said to a question counts twice',
    make: () =>
      broken(
        asks,
        'answered',
        (right) =>
          function (id, source, text) {
            if (right.call(this, id, source, text)) return true;
            const first = this.answers.find((one) => one.id === id);
            if (first !== undefined) (this.answers as unknown[]).push({ ...first, text });
            return first !== undefined;
          },
      ),
  },
  {
    name: 'somebody better is asked for the same reason again',
    found_by: 'somebody is asked for the same reason twice',
    make: () => broken(Escalations.prototype, 'use', () => () => undefined),
  },
  {
    name: 'each result before the last is the first of them',
    found_by: 'revision 0 after 0',
    make: () =>
      broken(
        provisional,
        'tell',
        (right) =>
          function (...args) {
            const told = right.call(this, ...args);
            return told === undefined ? undefined : { ...told, revision: 0 };
          },
      ),
  },
  {
    name: 'a result is told before its time',
    found_by: 'a result is told before its time',
    make: () =>
      broken(
        provisional,
        'isDue',
        (right) =>
          function (answers) {
            this.isTight();
            return right.call(this, answers);
          },
      ),
  },
  {
    name: 'a result is told of fewer answers than are asked for',
    found_by: 'which are too few',
    make: () =>
      broken(
        provisional,
        'tell',
        (right) =>
          function (result, answers, by) {
            return right.call(this, { ...result, agreement: 1 }, answers + 1, by);
          },
      ),
  },
  {
    name: 'a result may be revised for longer than it says',
    found_by: 'ms after its result was final',
    make: () =>
      effects((all) =>
        all.map((one) => (one.type === 'set_timer' && one.timer === 'expiry' ? { ...one, delay_ms: 700_000 } : one)),
      ),
  },
];
