import { FairQueue } from '../../src/fair/fair-queue.ts';
import { ServiceOrder } from '../../src/fair/service-order.ts';
import { Arbiter } from '../../src/scheduler/arbiter.ts';
import { noChanges } from '../../src/scheduler/changes.ts';
import { Pool } from '../../src/scheduler/pool.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { WaitingRoom } from '../../src/scheduler/waiting-room.ts';
import { broken, type Fault } from './fault.ts';

/** In who waits, and who is next. */
export const QUEUE_FAULTS: readonly Fault[] = [
  {
    name: 'a changed limit wakes nobody',
    make: () => broken(Scheduler.prototype, 'wake', () => noChanges),
  },
  {
    name: 'what ends late or shrinks wakes nobody',
    make: () => broken(Arbiter.prototype, 'touch', () => () => undefined),
  },
  {
    name: 'who leaves the queue wakes nobody',
    make: () =>
      broken(
        Scheduler.prototype,
        'cancel',
        (right) =>
          function (ticket, now) {
            const wake = broken(Arbiter.prototype, 'touched', () => () => undefined);
            try {
              return right.call(this, ticket, now);
            } finally {
              wake();
            }
          },
      ),
  },
  {
    name: 'a newcomer slips past those who wait',
    make: () =>
      broken(
        WaitingRoom.prototype,
        'lineFor',
        (right) =>
          function (ticket, at) {
            return at === undefined ? undefined : right.call(this, ticket, at);
          },
      ),
  },
  {
    name: 'who had its turn in one queue slips past another',
    make: () =>
      broken(
        WaitingRoom.prototype,
        'lineFor',
        (right) =>
          function (ticket, at) {
            return at === undefined ? right.call(this, ticket, at) : undefined;
          },
      ),
  },
  {
    name: 'in a session the nearest deadline does not go first',
    make: () =>
      broken(
        FairQueue.prototype,
        'add',
        (right) =>
          function (owner, key) {
            return right.call(this, owner, { ...key, deadline_mono_ms: Infinity });
          },
      ),
  },
  {
    name: 'queues have no bound',
    make: () => broken(WaitingRoom.prototype, 'makeRoom', () => () => undefined),
  },
  {
    name: 'who came first is shed',
    make: () =>
      broken(
        FairQueue.prototype,
        'newest',
        (right) =>
          function (qos) {
            let place = right.call(this, qos);
            while (place?.older !== undefined) place = place.older;
            return place;
          },
      ),
  },
  {
    name: 'nobody is shed for a better tier',
    make: () => broken(FairQueue.prototype, 'newest', () => () => undefined),
  },
  {
    name: 'tiers have no parts of their own',
    make: () =>
      broken(
        Pool.prototype,
        'next',
        () =>
          function () {
            return this.queue.peek('gold') ?? this.queue.peek('silver') ?? this.queue.peek('bronze');
          },
      ),
  },
];

/** In how much each is served. */
export const FAIRNESS_FAULTS: readonly Fault[] = [
  {
    name: 'service is not corrected when it is known',
    make: () => broken(FairQueue.prototype, 'correct', () => (charge) => charge),
  },
  {
    name: 'service is counted in calls',
    make: () =>
      broken(
        ServiceOrder.prototype,
        'serve',
        (right) =>
          function (flow) {
            right.call(this, flow, 1);
          },
      ),
  },
  {
    name: 'weights are ignored',
    make: () =>
      broken(
        ServiceOrder.prototype,
        'join',
        (right) =>
          function (id) {
            return right.call(this, id, 1);
          },
      ),
  },
  {
    name: 'one tenant is served as long as it waits',
    make: () => broken(ServiceOrder.prototype, 'serve', () => () => undefined),
  },
];
