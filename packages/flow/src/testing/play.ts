import type { Part } from '../scheduler/ticket.ts';
import { type AccountBook, Demand, GrowthPart, type PartRecord, ReservedPart, type Wish } from './records.ts';
import { ACCOUNT_IDS, modelChain, tenantChain } from './accounts.ts';
import type { Ask, Plan, PlannedEvent } from './plan.ts';
import { amountsOf, less, type Sum } from './sums.ts';
import { end, endAll, finish } from './play-ends.ts';
import { type Machines, World } from './world.ts';

export interface HistoryResult {
  readonly world: World;
  /** What did not hold; empty when all is well. */
  readonly problems: readonly string[];
}

type Event<K extends PlannedEvent['do']> = Extract<PlannedEvent, { readonly do: K }>;

/** Plays a history to its end and says what did not hold. Equal plans play equally. */
export function playPlan(plan: Plan, machines: Machines = {}): HistoryResult {
  const world = new World(plan.setting, machines);
  const { watch } = world;
  try {
    for (const event of [...plan.opening, ...plan.events]) {
      watch.step += 1;
      perform(world, event);
      if (watch.problems.length > 0) break;
    }
    if (watch.problems.length === 0) finish(world);
  } catch (error) {
    watch.broken(`thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  return { world, problems: watch.problems };
}

function perform(world: World, event: PlannedEvent): void {
  const { scheduler, ledger, now } = world;
  switch (event.do) {
    case 'ask':
      ask(world, event);
      break;
    case 'grow':
      grow(world, event);
      break;
    case 'replace':
      replace(world, event);
      break;
    case 'adjust':
      adjust(world, event);
      break;
    case 'end':
      end(world, pickOf(world, event.pick, false), event.part, event.use);
      break;
    case 'crash': {
      const demand = pickOf(world, event.pick, false);
      if (demand !== undefined && demand.wish.lease_ms < Number.POSITIVE_INFINITY) demand.has_crashed = true;
      break;
    }
    case 'return': {
      const demand = pickOf(world, event.pick, true);
      if (demand !== undefined) endAll(world, demand, event.use);
      break;
    }
    case 'cancel': {
      const demand = [...world.queues.waiting][event.pick % world.queues.waiting.size];
      if (demand?.ticket === undefined) break;
      demand.status = 'over';
      world.watch.counts.cancelled += 1;
      world.took(scheduler.cancel(demand.ticket, now));
      break;
    }
    case 'renew': {
      const demand = pickOf(world, event.pick, false);
      if (demand?.ticket === undefined) break;
      scheduler.renew(demand.ticket, now);
      if (!demand.has_lapsed) demand.lease_due_ms = world.mono_ms + demand.wish.lease_ms;
      break;
    }
    case 'limits':
      ledger.setLimits(id(event.account), event.limits);
      setLimits(world, event);
      world.took(scheduler.wake(id(event.account), now));
      break;
    case 'ceiling':
      ledger.setCeiling(id(event.account), event.calls);
      setCeiling(world, event);
      world.took(scheduler.wake(id(event.account), now));
      break;
    case 'retire':
      ledger.retire(id(event.account));
      world.book.accounts[event.account]?.retire();
      world.took(scheduler.wake(id(event.account), now));
      break;
    case 'configure':
      configure(world, event);
      break;
    default:
      pass(world, event);
  }
}

function pass(world: World, event: Event<'pass' | 'clock' | 'wake'>): void {
  const { scheduler } = world;
  switch (event.do) {
    case 'pass':
      world.mono_ms += event.by_ms;
      setClock(world, event.by_ms);
      if (!event.is_late) world.took(scheduler.expire(world.now), undefined, true);
      break;
    case 'clock':
      setClock(world, event.by_ms);
      break;
    case 'wake':
      world.took(scheduler.wake(event.account === undefined ? undefined : id(event.account), world.now));
      break;
  }
}

/** Whoever sees another day wakes all. */
function setClock(world: World, by_ms: number): void {
  world.wall_ms += by_ms;
  if (!world.book.clock(world.wall_ms)) return;
  world.book.sync();
  world.took(world.scheduler.wake(undefined, world.now));
}

function id(account: number): string {
  return ACCOUNT_IDS[account] as string;
}

/** One of what is granted, whose holder is there or has crashed. */
function pickOf({ live }: World, pick: number, has_crashed: boolean, tenant?: number): Demand | undefined {
  for (let i = 0; i < live.length; i += 1) {
    const demand = live[(pick + i) % live.length];
    if (demand?.has_crashed === has_crashed && (tenant ?? demand.wish.tenant) === demand.wish.tenant) return demand;
  }
  return undefined;
}

function setLimits(world: World, { account, limits }: Event<'limits'>): void {
  const book = world.book.accounts[account] as AccountBook;
  world.book.sync(true);
  if (book.life !== undefined) book.setLimits(limits);
}

function setCeiling(world: World, { account, calls }: Event<'ceiling'>): void {
  const book = world.book.accounts[account] as AccountBook;
  world.book.sync();
  if (book.life !== undefined) book.setCeiling(calls);
}

function configure(world: World, { account, shares, max_waiting }: Event<'configure'>): void {
  const book = world.book.accounts[account] as AccountBook;
  const has_options = shares !== undefined || max_waiting !== undefined;
  world.scheduler.configure(book.id, has_options ? { shares, max_waiting } : undefined);
  book.shares = shares ?? { gold: 0, silver: 0, bronze: 0 };
  book.max_waiting = max_waiting;
  world.took(world.scheduler.wake(book.id, world.now));
}

function booksOf(world: World, chain: readonly number[]): readonly AccountBook[] {
  return chain.map((at) => world.book.accounts[at] as AccountBook);
}

function ask(world: World, event: Ask): void {
  const { mono_ms } = world;
  const parts: PartRecord[] = [];
  const [tenant_ms, model_ms] = event.patience_ms;
  const add = (chain: readonly number[], patience_ms: number): void =>
    void parts.push(new ReservedPart(booksOf(world, chain), [...event.amounts], patience_ms));
  if (!event.is_bare) add(tenantChain(event.tenant, event.key, event.session), tenant_ms);
  if (event.model !== undefined) add(modelChain(event.model), model_ms);
  request(world, { ...event, tokens: event.amounts[1], deadline_ms: mono_ms + event.deadline_ms }, parts);
}

function grow(world: World, { pick, by, patience_ms, model, tenant }: Event<'grow'>): void {
  const demand = pickOf(world, pick, false, tenant);
  const open = demand?.parts.filter((part): part is ReservedPart => part.kind === 'reserve' && part.state === 'open');
  const target = open?.[pick % open.length];
  if (demand === undefined || target === undefined) return;
  const parts: PartRecord[] = [new GrowthPart(target, [...by], patience_ms)];
  const chain = model === undefined ? [] : booksOf(world, modelChain(model));
  const is_apart = chain.every((book) => !target.accounts.includes(book));
  if (chain.length > 0 && is_apart) parts.push(new ReservedPart(chain, [...by], patience_ms));
  request(world, { ...demand.wish, tokens: by[1], deadline_ms: Number.POSITIVE_INFINITY }, parts);
}

/** One that waits has found that another demand has what it wanted: it has that grow instead. */
function replace(world: World, { pick, by, patience_ms }: Event<'replace'>): void {
  const waiting = [...world.queues.waiting];
  const demand = waiting[pick % waiting.length];
  if (demand?.ticket === undefined) return;
  const open = world.live.flatMap(({ parts }) => parts).filter((part) => part.kind === 'reserve');
  const parts = demand.parts.map((part) => {
    if (part.kind === 'grow') return part;
    const target = open.find(
      ({ state, accounts }) =>
        state === 'open' &&
        accounts.length === part.accounts.length &&
        accounts.every((book, i) => book === part.accounts[i]),
    );
    return target === undefined ? part : new GrowthPart(target, [...by], patience_ms);
  });
  const first = parts.findIndex((part, i) => part !== demand.parts[i]);
  if (first === -1) return;
  // Only one of its parts: the other one is still to be had.
  demand.parts = demand.parts.map((part, i) => (i === first ? (parts[i] ?? part) : part));
  world.watch.counts.replaced += 1;
  world.queues.replaced(demand, world.mono_ms);
  world.took(world.scheduler.replace(demand.ticket, demand.parts.map(partOf), world.now));
}

function request(world: World, wish: Omit<Wish, 'weight'>, parts: readonly PartRecord[]): void {
  const { watch, scheduler, setting } = world;
  watch.counts.asked += 1;
  const weight = setting.weights[wish.tenant] ?? 1;
  const demand = new Demand(watch.counts.asked, { ...wish, weight }, parts);
  const { qos, tenant, session, tokens, deadline_ms, is_preemptible, lease_ms } = demand.wish;
  const { ticket, changes } = scheduler.request(
    {
      owner: demand,
      key: { qos, tenant: String(tenant), weight, session: String(session), tokens, deadline_mono_ms: deadline_ms },
      parts: parts.map(partOf),
      is_preemptible,
      ...(lease_ms < Number.POSITIVE_INFINITY && { lease_ms }),
    },
    world.now,
  );
  demand.ticket = ticket;
  world.took(changes, demand);
}

function partOf(part: PartRecord): Part {
  const patience = part.wait_ms > 0 ? { wait_ms: part.wait_ms } : {};
  if (part.kind === 'reserve') {
    const accounts = part.accounts.map((book) => book.id);
    return { kind: 'reserve', accounts, amounts: amountsOf(part.amounts), ...patience };
  }
  const { reservation } = part.target;
  if (reservation === undefined) throw new Error('what is to grow was granted');
  return { kind: 'grow', reservation, by: amountsOf(part.by), ...patience };
}

function adjust(world: World, { pick, part: at, factor }: Event<'adjust'>): void {
  const demand = pickOf(world, pick, false);
  const part = demand?.parts[at];
  if (demand === undefined || part?.kind !== 'reserve' || part.state !== 'open' || part.reservation === undefined)
    return;
  const [calls, tokens, usd_nanos] = part.amounts;
  const amounts: Sum = [calls, Math.round(tokens * factor), Math.round(usd_nanos * factor)];
  const by = less(amounts, part.amounts);
  const is_less = by[1] <= 0 && by[2] <= 0;
  const fits = is_less || world.book.fits(new Demand(0, demand.wish, [new GrowthPart(part, by, 0)])) === true;
  const { denial, changes } = world.scheduler.adjust(part.reservation, amountsOf(amounts), world.now);
  if ((denial === undefined) !== fits)
    world.watch.broken(`a reservation grows ${fits ? 'not although' : 'although not'} there is room`);
  if (denial === undefined) world.book.grow(part, by);
  world.took(changes);
}
