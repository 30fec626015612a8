import { AccountLedger } from '../account-ledger.ts';
import type { AccountLimits } from '../amounts.ts';
import type { Changes, Now } from '../scheduler/changes.ts';
import type { SchedulerOptions } from '../scheduler/options.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import type { Ticket } from '../scheduler/ticket.ts';
import type { Demand, ReservedPart } from './records.ts';
import { FairBook } from './fair-book.ts';
import { LedgerBook } from './ledger-book.ts';
import { type Setting, WALL_ORIGIN_MS } from './plan.ts';
import { name, QueueBook } from './queue-book.ts';
import { ShedBook } from './shed-book.ts';
import { StarveBook } from './starve-book.ts';
import { StopBook } from './stop-book.ts';
import type { Sum } from './sums.ts';
import { Watch } from './watch.ts';

/** What a history is played with: the real parts, or broken ones. */
export interface Machines {
  readonly ledger?: (max_accounts: number) => AccountLedger;
  readonly scheduler?: (ledger: AccountLedger, options: Partial<SchedulerOptions>) => Scheduler<Demand>;
}

/** How often the snapshots are compared: they cost more than all else. */
const SNAPSHOTS_EVERY = 40;

/** One scheduler, what was asked of it, and the books that judge what it answers. */
export class World {
  readonly setting: Setting;
  readonly watch: Watch = new Watch();
  readonly ledger: AccountLedger;
  readonly scheduler: Scheduler<Demand>;
  readonly book: LedgerBook;
  readonly queues: QueueBook;
  readonly sheds: ShedBook;
  readonly starves: StarveBook;
  readonly stops: StopBook;
  readonly fair: FairBook | undefined;
  /** Granted and not ended, or lapsed and not returned. */
  readonly live: Demand[] = [];
  wall_ms: number = WALL_ORIGIN_MS;
  mono_ms = 0;

  constructor(setting: Setting, { ledger, scheduler }: Machines) {
    this.setting = setting;
    const { max_accounts, waiting, waiting_per_account, starvation, marks } = setting;
    this.ledger = ledger?.(max_accounts) ?? new AccountLedger(max_accounts);
    const options = { waiting, waiting_per_account, starvation, marks };
    this.scheduler = scheduler?.(this.ledger, options) ?? new Scheduler<Demand>(this.ledger, options);
    const ruleOf = (id: string): AccountLimits | undefined => (id.includes('/session') ? setting.rule : undefined);
    this.ledger.setRule(ruleOf);
    this.book = new LedgerBook(this.ledger, this.watch, this.wall_ms, ruleOf);
    this.queues = new QueueBook(this.book, setting, this.watch);
    this.sheds = new ShedBook(this.queues, setting, this.watch);
    this.starves = new StarveBook(this.watch, starvation.wait_ms);
    this.stops = new StopBook(this.queues, this.watch);
    this.fair = setting.is_fair ? new FairBook(this.book, this.watch, setting.weights) : undefined;
  }

  get now(): Now {
    return { now_ms: this.wall_ms, mono_ms: this.mono_ms };
  }

  /** Something was asked of the scheduler: what it decided is judged and booked. `expires`: time was said to have passed. */
  took(changes: Changes<Demand>, asked?: Demand, expires = false): void {
    const before = this.fair?.before();
    for (const { owner } of changes.lapsed) this.#lapse(owner);
    this.book.sync();
    this.#decided(changes, asked, expires);
    this.queues.turn(asked, this.mono_ms);
    if (changes.preempted.length > 0) this.#stopped(changes.preempted);
    this.watch.counts.starving += changes.starving.length;
    const decided = changes.decided.map(({ owner }) => owner);
    this.starves.judge(changes.starving, asked === undefined ? decided : [...decided, asked], this.mono_ms);
    this.#judge();
    if (before !== undefined) this.fair?.turn(before, this.watch.step);
  }

  #decided(changes: Changes<Demand>, asked: Demand | undefined, expires: boolean): void {
    const had_line = asked !== undefined && this.queues.hasLine(asked);
    if (asked?.ticket?.state.kind === 'waiting') {
      if (!had_line && this.book.fits(asked) === true) this.watch.broken(`${name(asked)} waits for what is free`);
      asked.status = 'waiting';
      this.watch.counts.waited += 1;
    }
    if (changes.decided.length === 0 && asked?.status !== 'asked') return;
    const decided = changes.decided.map(({ owner }) => owner);
    for (const demand of decided) {
      if (demand.status !== 'waiting' || demand === asked) this.watch.broken(`${name(demand)} is decided twice`);
    }
    if (asked?.status === 'asked') decided.push(asked);
    const granted = decided.filter(({ ticket }) => ticket?.state.kind === 'granted');
    for (const demand of granted) this.queues.note(demand);
    for (const demand of granted) this.#grant(demand, demand === asked, demand !== asked || had_line);
    for (const demand of granted) this.queues.judgeGrant(demand);
    if (granted.length === decided.length) return;
    const moved = this.queues.moved();
    const comers = [...(asked === undefined ? [] : [asked]), ...decided, ...moved];
    const is_alone = granted.length === 0 && decided.length === 1 && moved.length === 0;
    const newcomer = is_alone && asked?.ticket?.passed.length === 0 ? asked : undefined;
    for (const demand of decided) {
      if (granted.includes(demand)) continue;
      this.#refused(demand, had_line, expires);
      if (demand.ticket?.state.kind === 'shed') this.sheds.judge(demand, comers, newcomer);
    }
  }

  #judge(): void {
    this.book.judge();
    if (this.watch.step % SNAPSHOTS_EVERY === 0) this.book.judgeSnapshots(this.wall_ms);
    this.queues.judgeFree();
    this.stops.judgeLeft();
    const { waiting } = this.queues;
    if (this.scheduler.waiting() !== waiting.size)
      this.watch.broken(`${this.scheduler.waiting()} are said to wait, and ${waiting.size} do`);
    let due_ms = Number.POSITIVE_INFINITY;
    for (const { until_ms } of waiting) due_ms = Math.min(due_ms, until_ms);
    for (const { lease_due_ms } of this.live) due_ms = Math.min(due_ms, lease_due_ms);
    if ((this.scheduler.due_mono_ms ?? Number.POSITIVE_INFINITY) !== due_ms)
      this.watch.broken(`wants to be called at ${this.scheduler.due_mono_ms}, and ${due_ms} is next`);
  }

  #grant(demand: Demand, is_newcomer: boolean, from_queue: boolean): void {
    if (this.book.fits(demand) !== true) this.watch.broken(`${name(demand)} is granted and does not fit`);
    demand.status = 'granted';
    demand.granted_at = this.watch.step;
    demand.is_newcomer = is_newcomer;
    this.watch.counts.granted += 1;
    this.book.grant(demand);
    if (from_queue) {
      this.fair?.served(demand);
      this.starves.served(demand);
    }
    if (!demand.parts.some(({ kind }) => kind === 'reserve')) {
      demand.status = 'over';
      return;
    }
    this.live.push(demand);
    this.stops.granted(demand);
    demand.lease_due_ms = this.mono_ms + demand.wish.lease_ms;
  }

  #lapse(demand: Demand): void {
    if (demand.status !== 'granted' || demand.lease_due_ms > this.mono_ms)
      this.watch.broken(`${name(demand)} lapses before its lease is over`);
    this.watch.counts.lapsed += 1;
    demand.has_lapsed = true;
    demand.lease_due_ms = Number.POSITIVE_INFINITY;
    this.stops.running.delete(demand);
    for (const part of demand.parts) {
      if (part.kind !== 'reserve' || part.state !== 'open') continue;
      this.fair?.ended(demand, part, part.amounts[1]);
      this.book.lapse(demand, part);
    }
  }

  #refused(demand: Demand, had_line: boolean, expires: boolean): void {
    const { ticket } = demand;
    const kind = ticket?.state.kind ?? '';
    const was_asked = demand.status === 'asked';
    demand.status = 'over';
    if (ticket?.state.kind === 'denied') {
      this.watch.counts.denied += 1;
      if (was_asked && !had_line && this.book.fits(demand) === true)
        this.watch.broken(`${name(demand)} is refused what is free`);
      const book = this.queues.find(ticket.state.denial.account);
      if (demand.patience(book, this.mono_ms) > this.mono_ms && !this.#isHopeless(demand, ticket.state.denial.account))
        this.watch.broken(`${name(demand)} is refused at ${book.id} and would wait there`);
    } else if (ticket?.state.kind === 'expired') {
      this.watch.counts.expired += 1;
      if (!expires || demand.until_ms > this.mono_ms) this.watch.broken(`${name(demand)} expires too early`);
    } else if (ticket?.state.kind === 'shed') {
      this.watch.counts.shed += 1;
    } else if (ticket?.state.kind === 'failed') {
      this.watch.counts.failed += 1;
      if (!demand.parts.some((part) => part.kind === 'grow' && part.target.state !== 'open'))
        this.watch.broken(`${name(demand)} failed: ${String(ticket.state.thrown)}`);
    } else this.watch.broken(`${name(demand)} ended as ${kind}`);
  }

  /** It asks for more than the account ever gives, or gives today. */
  #isHopeless(demand: Demand, id: string): boolean {
    const book = this.queues.find(id);
    const part = demand.partAt(book);
    if (part === undefined) return false;
    const by = part.kind === 'grow' ? part.by : part.amounts;
    const day =
      part.kind === 'grow'
        ? part.target.holds.find((hold) => hold.book === book)?.day
        : book.life?.days.get(this.book.today);
    return book.isHopeless(by, day);
  }

  #stopped(tickets: readonly Ticket<Demand>[]): void {
    const victims = tickets.map(({ owner }) => owner);
    this.watch.counts.preempted += victims.length;
    for (const demand of victims) {
      if (demand.status !== 'granted' || demand.has_lapsed || !demand.wish.is_preemptible || demand.wish.qos === 'gold')
        this.watch.broken(`${name(demand)} may not be stopped`);
      if (demand.stopped_at !== undefined) this.watch.broken(`${name(demand)} is stopped twice`);
    }
    this.stops.judge(victims);
  }

  /** A part of what is live ends. */
  ended(demand: Demand, part: ReservedPart, actual: Sum): void {
    if (part.state === 'open') this.fair?.ended(demand, part, actual[1]);
    if (part.state === 'lapsed') this.watch.counts.returned += 1;
    this.book.end(demand, part, actual);
    if (demand.is_open) return;
    demand.status = 'over';
    demand.lease_due_ms = Number.POSITIVE_INFINITY;
    this.stops.running.delete(demand);
    const at = this.live.indexOf(demand);
    if (at !== -1) this.live.splice(at, 1);
  }

  /** Everything that was granted is ended, or lapsed: nothing is left. */
  judgeRest(): void {
    for (const book of this.book.accounts) {
      if (book.open > 0 || book.tiers.some((tier) => tier.some((held) => held !== 0)))
        this.watch.broken(`${book.id} holds something at the end`);
    }
    if (this.scheduler.due_mono_ms !== undefined) this.watch.broken('wants to be called when all is over');
    this.book.judgeSnapshots(this.wall_ms);
  }
}
