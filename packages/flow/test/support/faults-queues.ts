import { FairQueue } from '../../src/fair/fair-queue.ts';
import { ServiceOrder } from '../../src/fair/service-order.ts';
import { ServiceWindow } from '../../src/fair/service-window.ts';
import { Arbiter } from '../../src/scheduler/arbiter.ts';
import { noChanges } from '../../src/scheduler/changes.ts';
import { Pool } from '../../src/scheduler/pool.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { accountsOf } from '../../src/scheduler/ticket.ts';
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
        'newestOfCrowd',
        (right) =>
          function (qos, than) {
            const newest = right.call(this, qos, than);
            let first = newest;
            for (let place = newest; place !== undefined; place = place.older) {
              if (place.tenant === newest?.tenant) first = place;
            }
            return first;
          },
      ),
  },
  {
    name: 'whoever came last is shed, of whatever tenant',
    make: () =>
      broken(
        FairQueue.prototype,
        'newestOfCrowd',
        (right) =>
          function (qos, than) {
            return right.call(this, qos, than) && this.newest(qos);
          },
      ),
  },
  {
    name: 'nobody is shed for a better tier',
    make: () =>
      broken(
        FairQueue.prototype,
        'newestOfCrowd',
        (right) =>
          function (qos, than) {
            return than === 0 ? undefined : right.call(this, qos, than);
          },
      ),
  },
  {
    name: 'a tenant that fills a queue keeps others of its tier out',
    make: () =>
      broken(
        FairQueue.prototype,
        'newestOfCrowd',
        (right) =>
          function (qos, than) {
            return than === 0 ? right.call(this, qos, than) : undefined;
          },
      ),
  },
  {
    name: 'what grows stands behind those who wait to begin',
    make: () =>
      broken(
        WaitingRoom.prototype,
        'lineFor',
        (right) =>
          function (ticket, at) {
            const { parts } = ticket;
            ticket.parts = parts.map((part) =>
              part.kind === 'reserve' ? part : { kind: 'reserve', accounts: accountsOf(part), amounts: part.by },
            );
            const pool = right.call(this, ticket, at);
            ticket.parts = parts;
            return pool;
          },
      ),
  },
  {
    name: 'who did not fit is not tried again',
    make: () =>
      broken(
        Arbiter.prototype,
        'touched',
        (right) =>
          function (pool) {
            const { blocked } = pool;
            right.call(this, pool);
            pool.blocked = blocked;
          },
      ),
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
    name: 'who waits for long starves, whatever it was served',
    make: () => broken(ServiceWindow.prototype, 'isBehind', () => () => true),
  },
  {
    name: 'service is counted in calls',
    make: () =>
      broken(
        ServiceOrder.prototype,
        'serve',
        (right) =>
          function (flow, _cost, leaves) {
            right.call(this, flow, 1, leaves);
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
