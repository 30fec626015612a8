import { afterEach, describe, expect, test, vi } from 'vitest';
import { NOTHING } from '../src/amounts.ts';
import { CreditOwner } from '../src/credit/owner.ts';
import { OwnerDesk } from '../src/credit/owner-desk.ts';
import { OwnerSlot } from '../src/credit/owner-slot.ts';
import { OwnerWorker } from '../src/credit/owner-worker.ts';
import { minus, plus } from '../src/credit/sums.ts';
import { drawPlan, type Machines, playPlan, shrunk, shrunkReportOf } from '../src/credit/testing/index.ts';
import { CreditWorker } from '../src/credit/worker.ts';
import { WorkerBooks } from '../src/credit/worker-books.ts';
import { WorkerLink } from '../src/credit/worker-link.ts';
import { WorkerSlot } from '../src/credit/worker-slot.ts';

/** Within so many histories each fault has to show. */
const SEEDS_MAX = 1_500;

interface Mutant {
  readonly name: string;
  readonly plant: () => Machines;
  /** Some histories before the first that it broke. */
  readonly from_seed?: number;
}

const none: Machines = {};

/** Owners and workers that take every message for one of their own epoch. */
class Gullible extends CreditOwner {
  override receive(...[message, now]: Parameters<CreditOwner['receive']>): ReturnType<CreditOwner['receive']> {
    return super.receive({ ...message, epoch: message.epoch === 0 ? 0 : this.epoch }, now);
  }
}

const MUTANTS: readonly Mutant[] = [
  {
    name: 'a report is debited twice',
    plant: () => {
      const { tell } = OwnerSlot.prototype;
      vi.spyOn(OwnerSlot.prototype, 'tell').mockImplementation(function (this: OwnerSlot, used) {
        const before = this.known;
        tell.call(this, used);
        if (used.calls === before.calls + 1) this.known = before;
      });
      return none;
    },
  },
  {
    name: 'the owner frees credit without a margin',
    from_seed: 160,
    plant: () => ({
      makeOwner: (setup, now) => new CreditOwner({ ...setup, options: { ...setup.options, margin_ms: 0 } }, now),
    }),
  },
  {
    name: 'a worker goes on after its lease',
    from_seed: 32,
    plant: () => {
      vi.spyOn(WorkerLink.prototype, 'has_lease').mockImplementation(function (this: WorkerLink) {
        return this.state === 'up';
      });
      return none;
    },
  },
  {
    name: 'a recall closes nothing',
    from_seed: 18,
    plant: () => {
      vi.spyOn(WorkerBooks.prototype, 'close').mockImplementation(() => undefined);
      return none;
    },
  },
  {
    name: 'credit is not given back on recall',
    plant: () => {
      vi.spyOn(WorkerSlot.prototype, 'close').mockImplementation(function (this: WorkerSlot) {
        this.is_asked = true;
      });
      return none;
    },
  },
  {
    name: 'what ends in a closed account comes back with the next report only',
    plant: () => {
      vi.spyOn(WorkerSlot.prototype, 'is_urgent', 'get').mockImplementation(function (this: WorkerSlot) {
        return this.is_asked;
      });
      return { makeWorker: (setup) => new CreditWorker({ ...setup, options: { ...setup.options, report_ms: 1_500 } }) };
    },
  },
  {
    name: 'an owner takes messages of an older epoch',
    plant: () => ({ makeOwner: (setup, now) => new Gullible(setup, now) }),
  },
  {
    name: 'a worker takes messages of an older epoch',
    plant: () => {
      const { hear } = WorkerLink.prototype;
      vi.spyOn(WorkerLink.prototype, 'hear').mockImplementation(function (this: WorkerLink, message) {
        return hear.call(this, { ...message, epoch: this.epoch, link: this.link });
      });
      return none;
    },
  },
  {
    name: 'a new owner does not wait for those who may hold credit',
    plant: () => ({ makeOwner: (setup, now) => new CreditOwner({ ...setup, workers: [] }, now) }),
  },
  {
    name: 'an owner goes on after its tenure',
    from_seed: 490,
    plant: () => {
      vi.spyOn(CreditOwner.prototype, 'isOver').mockImplementation(() => false);
      return none;
    },
  },
  {
    name: 'what a worker held that is not heard of is not debited',
    from_seed: 75,
    plant: () => {
      vi.spyOn(OwnerSlot.prototype, 'lapse').mockImplementation(function (this: OwnerSlot) {
        const lost = this.credit;
        this.restart({});
        this.lost = lost;
      });
      return none;
    },
  },
  {
    name: 'what a worker held that is not heard of is not freed',
    plant: () => {
      vi.spyOn(OwnerSlot.prototype, 'lapse').mockImplementation(() => undefined);
      return none;
    },
  },
  {
    name: 'extra credit is not held in the ledger',
    plant: () => {
      vi.spyOn(OwnerSlot.prototype, 'give').mockImplementation(function (this: OwnerSlot, amounts) {
        this.credit = plus(this.credit, amounts);
      });
      return none;
    },
  },
  {
    name: 'a cancelled want stays',
    plant: () => {
      vi.spyOn(OwnerDesk.prototype, 'cancel').mockImplementation(() => undefined);
      return none;
    },
  },
  {
    name: 'a message counts twice that comes twice',
    plant: () => {
      const { takes } = OwnerWorker.prototype;
      vi.spyOn(OwnerWorker.prototype, 'takes').mockImplementation(function (this: OwnerWorker, message) {
        const answer = takes.call(this, message);
        return answer === 'void' && message.link === this.link ? 'next' : answer;
      });
      return none;
    },
  },
  {
    name: 'an owner does not notice that a message is lost',
    plant: () => {
      const { takes } = OwnerWorker.prototype;
      vi.spyOn(OwnerWorker.prototype, 'takes').mockImplementation(function (this: OwnerWorker, message) {
        if (message.link === this.link && message.seq > this.heard) this.heard = message.seq - 1;
        return takes.call(this, message);
      });
      return none;
    },
  },
  {
    name: 'a worker does not notice that a message is lost',
    plant: () => {
      const { hear } = WorkerLink.prototype;
      vi.spyOn(WorkerLink.prototype, 'hear').mockImplementation(function (this: WorkerLink, message) {
        let answer = hear.call(this, message);
        for (let seq = 1; answer === 'gap' && seq < message.seq; seq += 1) {
          // What was lost is taken for something without a meaning.
          if (hear.call(this, { ...message, seq, body: { type: 'pong' } }) === 'gap') continue;
          answer = hear.call(this, message);
        }
        return answer;
      });
      return none;
    },
  },
  {
    name: 'a worker keeps its credit through a new link',
    plant: () => {
      const { restart } = WorkerSlot.prototype;
      vi.spyOn(WorkerSlot.prototype, 'restart').mockImplementation(function (this: WorkerSlot) {
        const { credit, is_open } = this;
        const state = restart.call(this);
        this.credit = credit;
        this.is_open = is_open;
        return state;
      });
      return none;
    },
  },
  {
    name: 'the credit of a budget is not consumed',
    plant: () => {
      const { sync } = WorkerSlot.prototype;
      vi.spyOn(WorkerSlot.prototype, 'sync').mockImplementation(function (this: WorkerSlot) {
        const before = this.credit;
        const told = sync.call(this);
        if (told.is_open) this.credit = before;
        return told;
      });
      return none;
    },
  },
  {
    name: 'a new owner counts what calls hold as nothing',
    plant: () => {
      const { restart } = OwnerSlot.prototype;
      vi.spyOn(OwnerSlot.prototype, 'restart').mockImplementation(function (this: OwnerSlot) {
        restart.call(this, {});
      });
      return none;
    },
  },
  {
    name: 'use is forgotten when a worker says hello',
    plant: () => {
      const { restart } = WorkerSlot.prototype;
      vi.spyOn(WorkerSlot.prototype, 'restart').mockImplementation(function (this: WorkerSlot) {
        const state = restart.call(this);
        this.used = minus(this.used, this.used);
        return { ...state, used: NOTHING };
      });
      return none;
    },
  },
  {
    name: 'a want that was lost with its link is not asked for again',
    from_seed: 70,
    plant: () => ({
      toOwner: (message) =>
        message.body.type === 'hello' ? { ...message, body: { ...message.body, wants: [] } } : message,
    }),
  },
  {
    name: 'journals are not believed',
    plant: () => {
      vi.spyOn(CreditOwner.prototype, 'settledFor').mockImplementation(() => []);
      return none;
    },
  },
];

function firstCaught(machines: Machines, from_seed = 1): number | undefined {
  for (let seed = from_seed; seed < from_seed + SEEDS_MAX; seed += 1) {
    if (playPlan(drawPlan(seed), machines).problems.length > 0) return seed;
  }
  return undefined;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the simulation notices that', () => {
  test.each(MUTANTS)('$name', { timeout: 120_000 }, ({ plant, from_seed }) => {
    expect(firstCaught(plant(), from_seed)).toBeDefined();
  });
});

describe('a history that fails', () => {
  test('is made smaller and fails still', () => {
    vi.spyOn(OwnerSlot.prototype, 'lapse').mockImplementation(() => undefined);
    const seed = firstCaught(none) ?? 0;
    const small = shrunk(seed);
    expect(small.problems.length).toBeGreaterThan(0);
    expect(small.plan.events.length).toBeLessThan(small.before);
    expect(shrunkReportOf(seed, small).split('\n')).toContain(JSON.stringify(small.plan.events[0]));
  });
});
