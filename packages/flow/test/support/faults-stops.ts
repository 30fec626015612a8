import type { Qos } from '@atp-router/kernel';
import { Pool } from '../../src/scheduler/pool.ts';
import type { Ticket } from '../../src/scheduler/ticket.ts';
import { broken, type Fault, together } from './fault.ts';

const pool = Pool.prototype;

/** Granted and preemptible, as it was added to each queue's account. */
function startedAt(started: WeakMap<object, Ticket<unknown>[]>): () => void {
  return broken(
    pool,
    'started',
    (right) =>
      function (ticket) {
        right.call(this, ticket);
        if (ticket.is_preemptible && this.has_shares) started.set(this, [...(started.get(this) ?? []), ticket]);
      },
  );
}

/** In who is stopped for whom. */
export const STOP_FAULTS: readonly Fault[] = [
  {
    name: 'the newest is stopped',
    make: () => {
      const started = new WeakMap<object, Ticket<unknown>[]>();
      return together(
        startedAt(started),
        broken(
          pool,
          'victims',
          (right) =>
            function (windows, qos, demand, wanted) {
              const [first, ...others] = right.call(this, windows, qos, demand, wanted);
              const newest = started
                .get(this)
                ?.findLast(({ state, key }) => state.kind === 'granted' && key.qos === first?.key.qos);
              return first === undefined || newest === undefined ? [] : [newest as typeof first, ...others];
            },
        ),
      );
    },
  },
  {
    name: 'one more is stopped than is needed',
    make: () => {
      const started = new WeakMap<object, Ticket<unknown>[]>();
      return together(
        startedAt(started),
        broken(
          pool,
          'victims',
          (right) =>
            function (windows, qos, demand, wanted) {
              const found = right.call(this, windows, qos, demand, wanted);
              const other = started
                .get(this)
                ?.find(
                  (one) => one.state.kind === 'granted' && one.key.qos !== 'gold' && !found.includes(one as never),
                );
              return found.length === 0 || other === undefined ? found : [...found, other as (typeof found)[number]];
            },
        ),
      );
    },
  },
  {
    name: 'a tier has to give its own part',
    make: () =>
      broken(
        pool,
        'victims',
        (right) =>
          function (windows, qos, demand, wanted) {
            const { shares } = this;
            this.shares = { gold: shares.gold, silver: 0, bronze: 0 };
            const found = right.call(this, windows, qos, demand, wanted);
            this.shares = shares;
            return found;
          },
      ),
  },
  {
    name: 'gold stops others for more than its part',
    make: () =>
      broken(
        pool,
        'claim',
        (right) =>
          function (windows, qos) {
            const { shares } = this;
            if (shares.gold > 0) this.shares = { ...shares, gold: 1 };
            const claim = right.call(this, windows, qos);
            this.shares = shares;
            return claim;
          },
      ),
  },
  {
    name: 'all of the part of gold is made free, whatever waits',
    make: () =>
      broken(
        pool,
        'victims',
        (right) =>
          function (windows, qos, demand) {
            return right.call(this, windows, qos, demand, this.claim(windows, qos) ?? demand);
          },
      ),
  },
  {
    name: 'room is made for the first only, and others wait for one another',
    make: () =>
      broken(
        pool,
        'victims',
        (right) =>
          function (windows, qos, demand) {
            return right.call(this, windows, qos, demand, demand);
          },
      ),
  },
  {
    name: 'nobody is stopped',
    make: () => broken(pool, 'victims', () => () => []),
  },
  {
    name: 'a queue does not hear who was told to stop for another one',
    make: () =>
      broken(
        pool,
        'stopped',
        (right) =>
          function (ticket) {
            if (ticket.stopped_at === this.account) right.call(this, ticket);
          },
      ),
  },
  {
    name: 'what the first takes is not counted among what gold wants',
    make: () =>
      broken(
        pool,
        'victims',
        (right) =>
          function (windows, qos, demand, wanted) {
            return right.call(this, windows, qos, demand, {
              calls: wanted.calls - demand.calls,
              tokens: wanted.tokens - demand.tokens,
              usd_nanos: wanted.usd_nanos - demand.usd_nanos,
            });
          },
      ),
  },
  {
    name: 'whoever was passed over for the first is not asked again for others behind it',
    seed: 3_843,
    make: () => {
      const started = new WeakMap<object, Ticket<unknown>[]>();
      return together(
        startedAt(started),
        broken(
          pool,
          'victims',
          (right) =>
            function (windows, qos, demand, wanted) {
              const all: readonly object[] = started.get(this) ?? [];
              const placeOf = (ticket: { readonly key: { readonly qos: Qos } }): number =>
                all.indexOf(ticket) + (ticket.key.qos === 'bronze' ? 0 : all.length);
              const found = right.call(this, windows, qos, demand, wanted);
              return found.filter((ticket, i) => found.slice(0, i).every((other) => placeOf(other) < placeOf(ticket)));
            },
        ),
      );
    },
  },
  {
    // In this history the books know only how much is made free at most.
    name: 'a younger one is stopped for those behind the first',
    seed: 1_219,
    make: () => {
      const started = new WeakMap<object, Ticket<unknown>[]>();
      return together(
        startedAt(started),
        broken(
          pool,
          'victims',
          (right) =>
            function (windows, qos, demand, wanted) {
              const at = right.call(this, windows, qos, demand, demand).length;
              const found = right.call(this, windows, qos, demand, wanted);
              const all = started.get(this) ?? [];
              const younger = all
                .slice(all.indexOf(found[at] as never) + 1)
                .find((one) => isLikely(one, found[at]?.key.qos) && !found.includes(one as never));
              return found[at] === undefined || younger === undefined ? found : found.with(at, younger as never);
            },
        ),
      );
    },
  },
];

/** Could be stopped in the place of another one of its tier. */
function isLikely({ state, stopped_at, key }: Ticket<unknown>, qos: Qos | undefined): boolean {
  return state.kind === 'granted' && stopped_at === undefined && key.qos === qos;
}
