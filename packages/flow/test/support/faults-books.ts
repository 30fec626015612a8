import { Account } from '../../src/account.ts';
import { AccountLedger } from '../../src/account-ledger.ts';
import { Arbiter } from '../../src/scheduler/arbiter.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { Ticket } from '../../src/scheduler/ticket.ts';
import { broken, type Fault, together } from './fault.ts';

const ledger = AccountLedger.prototype;

/** In what is held and used. */
export const BOOK_FAULTS: readonly Fault[] = [
  {
    name: 'what was taken is kept when a later part is refused',
    make: () => {
      let is_refused = false;
      return together(
        broken(
          ledger,
          'reserve',
          (right) =>
            function (...args) {
              const result = right.apply(this, args);
              is_refused = !result.ok;
              return result;
            },
        ),
        broken(
          ledger,
          'release',
          (right) =>
            function (reservation) {
              if (!is_refused) right.call(this, reservation);
            },
        ),
      );
    },
  },
  {
    name: 'a settlement is debited twice',
    make: () =>
      broken(
        ledger,
        'settle',
        (right) =>
          function (reservation, actual) {
            right.call(this, reservation, actual);
            for (const use of reservation.uses) use.debit(actual);
          },
      ),
  },
  {
    name: 'what is used beyond the reservation is not debited',
    make: () =>
      broken(
        ledger,
        'settle',
        (right) =>
          function (reservation, actual) {
            right.call(this, reservation, { ...actual, tokens: Math.min(actual.tokens, reservation.tokens) });
          },
      ),
  },
  {
    name: 'a settlement after the lease is debited beside what was held',
    make: () =>
      broken(
        ledger,
        'settle',
        (right) =>
          function (reservation, actual) {
            if (reservation.state !== 'lapsed') right.call(this, reservation, actual);
            else for (const use of reservation.uses) use.debit(actual);
          },
      ),
  },
  {
    name: 'a lease that is over debits nothing',
    make: () =>
      broken(
        ledger,
        'lapse',
        () =>
          function (reservation) {
            this.release(reservation);
          },
      ),
  },
  {
    name: 'growth is held on the first account only',
    make: () =>
      broken(
        ledger,
        'adjust',
        (right) =>
          function (reservation, amounts) {
            const { tokens } = reservation;
            const result = right.call(this, reservation, amounts);
            if (result.ok) for (const use of reservation.uses.slice(1)) use.hold(0, tokens - amounts.tokens, 0);
            return result;
          },
      ),
  },
  {
    name: 'silver is counted as bronze',
    make: () =>
      broken(
        Account.prototype,
        'hold',
        (right) =>
          function (qos, ...amounts) {
            right.call(this, qos === 'silver' ? 'bronze' : qos, ...amounts);
          },
      ),
  },
  {
    name: 'what a ceiling refuses is refused for good',
    make: () =>
      broken(
        ledger,
        'reserve',
        (right) =>
          function (...args) {
            const result = right.apply(this, args);
            if (result.ok || result.dimension !== 'window_calls') return result;
            return { ...result, waitable: args[1].calls <= result.limit };
          },
      ),
  },
  {
    name: 'a ceiling stays when it is lifted',
    make: () =>
      broken(
        Account.prototype,
        'setCeiling',
        (right) =>
          function (calls) {
            right.call(this, Math.min(calls, this.ceiling));
          },
      ),
  },
  {
    name: 'an account that leaves has no limits at once',
    make: () =>
      broken(
        ledger,
        'retire',
        () =>
          function (id) {
            return this.setLimits(id, {});
          },
      ),
  },
];

/** In how long something lasts. */
export const TIME_FAULTS: readonly Fault[] = [
  {
    name: 'nobody has a lease',
    make: () =>
      broken(
        Arbiter.prototype,
        'grant',
        (right) =>
          function (ticket, ...args) {
            right.call(this, Object.assign(ticket, { lease_ms: Infinity }), ...args);
          },
      ),
  },
  {
    name: 'a lease is not renewed',
    make: () => broken(Scheduler.prototype, 'renew', () => () => undefined),
  },
  {
    name: 'patience has no deadline',
    make: () =>
      broken(
        Ticket.prototype,
        'patience',
        (right) =>
          function (account, mono_ms) {
            const { key } = this;
            const until_mono_ms = right.call(
              Object.assign(this, { key: { ...key, deadline_mono_ms: Infinity } }),
              account,
              mono_ms,
            );
            Object.assign(this, { key });
            return until_mono_ms;
          },
      ),
  },
  {
    name: 'patience begins anew at each account',
    make: () =>
      broken(
        Ticket.prototype,
        'patience',
        (right) =>
          function (account, mono_ms) {
            const wait_ms = this.partAt(account)?.wait_ms;
            if (wait_ms === undefined) return right.call(this, account, mono_ms);
            return Math.min(mono_ms + wait_ms, this.key.deadline_mono_ms);
          },
      ),
  },
  {
    name: 'who waits is told twice that it is over',
    make: () =>
      broken(
        Scheduler.prototype,
        'expire',
        (right) =>
          function (now) {
            const changes = right.call(this, now);
            return { ...changes, decided: [...changes.decided, ...changes.decided.slice(0, 1)] };
          },
      ),
  },
];
