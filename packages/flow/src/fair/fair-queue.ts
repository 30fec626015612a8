import { assert, QOS_TIERS, type Qos, qosRank } from '@atp-router/kernel';
import { type HeapMember, IndexedHeap } from '../indexed-heap.ts';
import { type Flow, ServiceOrder } from './service-order.ts';

/** Whose demand it is, and how much of the service it is to get. */
export interface FairKey {
  readonly qos: Qos;
  readonly tenant: string;
  /** Share of the tenant among those of its tier; above 0. */
  readonly weight: number;
  /** Sessions of a tenant share what the tenant gets. */
  readonly session: string;
  /** Expected tokens: what it is charged until the actual number is known. */
  readonly tokens: number;
  /** Wall of patience in monotonic time; within a session the nearest goes first. `Infinity` without one. */
  readonly deadline_mono_ms: number;
}

type Line<T> = IndexedHeap<FairPlace<T>>;
type Session<T> = Flow<Line<T>>;
type Tenant<T> = Flow<ServiceOrder<Line<T>>>;

/** One demand in a queue: made by `add`, ended by `remove` or `serve`. */
export class FairPlace<T> implements HeapMember {
  readonly owner: T;
  readonly key: FairKey;
  readonly tenant: Tenant<T>;
  readonly session: Session<T>;
  readonly arrival: number;
  heap_at = -1;
  /** Neighbours of its tier by arrival. */
  older: FairPlace<T> | undefined = undefined;
  newer: FairPlace<T> | undefined = undefined;

  constructor(owner: T, key: FairKey, tenant: Tenant<T>, session: Session<T>, arrival: number) {
    this.owner = owner;
    this.key = key;
    this.tenant = tenant;
    this.session = session;
    this.arrival = arrival;
  }
}

/** What a served demand was charged to, so that the charge can be corrected. */
export interface Charge<T> {
  readonly qos: Qos;
  readonly tenant: Tenant<T>;
  readonly session: Session<T>;
  readonly tokens: number;
}

/** Session flows that a tenant has remembered beyond its waiting ones. */
const MAX_IDLE_SESSIONS = 100;

/**
 * Everybody who waits for one thing: a tier, in it tenants in the order of the service they had, in a tenant its sessions
 * likewise, in a session by deadline and then arrival. Which tier is next is the business of whoever asks.
 *
 * Every operation is O(log n) in the number of tenants, of sessions of the tenant, and of demands of the session, but
 * `newestOfCrowd`, which a queue is asked that is full.
 */
export class FairQueue<T> {
  readonly #tiers: readonly ServiceOrder<ServiceOrder<Line<T>>>[];
  readonly #sizes: [number, number, number] = [0, 0, 0];
  readonly #newest: (FairPlace<T> | undefined)[] = [undefined, undefined, undefined];
  readonly #crowds: readonly [Crowds, Crowds, Crowds] = [new Crowds(), new Crowds(), new Crowds()];
  #arrivals = 0;

  constructor() {
    const makeTenant = (): ServiceOrder<Line<T>> =>
      new ServiceOrder<Line<T>>(() => new IndexedHeap<FairPlace<T>>(isSooner), MAX_IDLE_SESSIONS);
    this.#tiers = QOS_TIERS.map(() => new ServiceOrder(makeTenant));
  }

  get size(): number {
    return this.#sizes[0] + this.#sizes[1] + this.#sizes[2];
  }

  waiting(qos: Qos): number {
    return this.#sizes[qosRank(qos)];
  }

  /** Tenants of a tier with somebody waiting, for metrics. */
  backlogged(qos: Qos): IterableIterator<{ readonly id: string }> {
    return this.#tier(qos).backloggedFlows();
  }

  add(owner: T, key: FairKey): FairPlace<T> {
    assert(key.weight > 0 && key.tokens >= 0, 'a weight is above 0, tokens are not below');
    const tenant = this.#tier(key.qos).join(key.tenant, key.weight);
    const session = tenant.content.join(key.session, 1);
    this.#arrivals += 1;
    const place = new FairPlace(owner, key, tenant, session, this.#arrivals);
    session.content.add(place);
    const rank = qosRank(key.qos);
    place.older = this.#newest[rank];
    if (place.older !== undefined) place.older.newer = place;
    this.#newest[rank] = place;
    this.#sizes[rank] += 1;
    tenant.waiting += 1;
    this.#crowds[rank].grown(tenant.waiting);
    return place;
  }

  /** Who is next in a tier; stays in the queue. */
  peek(qos: Qos): FairPlace<T> | undefined {
    return this.#tier(qos).first()?.content.first()?.content.peek();
  }

  /** Who came last in a tier; those before it are its `older`. */
  newest(qos: Qos): FairPlace<T> | undefined {
    return this.#newest[qosRank(qos)];
  }

  /** Demands of a tenant that wait in a tier. */
  waitingOf(qos: Qos, tenant: string): number {
    return this.#tier(qos).find(tenant)?.waiting ?? 0;
  }

  /**
   * Who came last of the tenant that has most waiting in a tier, when that is more than `than`: the first to be shed, so that no
   * tenant keeps others out by filling the queue. O(n) in the demands of the tier that came after it.
   */
  newestOfCrowd(qos: Qos, than: number): FairPlace<T> | undefined {
    const rank = qosRank(qos);
    const { most } = this.#crowds[rank];
    if (most <= than) return undefined;
    let place = this.#newest[rank];
    while (place !== undefined && place.tenant.waiting < most) place = place.older;
    return place;
  }

  /** Leaves without having been served. */
  remove(place: FairPlace<T>): void {
    const { key, tenant, session } = place;
    this.#unlink(place);
    if (session.content.size === 0) tenant.content.leave(session);
    if (tenant.content.backlogged === 0) this.#tier(key.qos).leave(tenant);
  }

  #unlink(place: FairPlace<T>): void {
    const { key, tenant, session } = place;
    session.content.remove(place);
    const rank = qosRank(key.qos);
    if (place.newer === undefined) this.#newest[rank] = place.older;
    else place.newer.older = place.older;
    if (place.older !== undefined) place.older.newer = place.newer;
    this.#sizes[rank] -= 1;
    this.#crowds[rank].shrunk(tenant.waiting);
    tenant.waiting -= 1;
  }

  /** Leaves and is charged. */
  serve(place: FairPlace<T>): Charge<T> {
    const { key, tenant, session } = place;
    const { qos, tokens } = key;
    this.#unlink(place);
    tenant.content.serve(session, tokens, session.content.size === 0);
    this.#tier(qos).serve(tenant, tokens, tenant.content.backlogged === 0);
    return { qos, tenant, session, tokens };
  }

  /** What was charged turned out to be `tokens`. Returns the charge as it is now. */
  correct(charge: Charge<T>, tokens: number): Charge<T> {
    const by = tokens - charge.tokens;
    charge.tenant.content.correct(charge.session, by);
    this.#tier(charge.qos).correct(charge.tenant, by);
    return { ...charge, tokens };
  }

  #tier(qos: Qos): ServiceOrder<ServiceOrder<Line<T>>> {
    return this.#tiers[qosRank(qos)] as ServiceOrder<ServiceOrder<Line<T>>>;
  }
}

/** How many tenants have how many demands waiting, for the most that any has: each change is by one, and costs O(1). */
class Crowds {
  readonly #tenants: number[] = [0];
  #most = 0;

  get most(): number {
    return this.#most;
  }

  grown(to: number): void {
    if (to > 1) this.#tenants[to - 1] = (this.#tenants[to - 1] as number) - 1;
    this.#tenants[to] = (this.#tenants[to] ?? 0) + 1;
    if (to > this.#most) this.#most = to;
  }

  shrunk(from: number): void {
    const left = (this.#tenants[from] as number) - 1;
    this.#tenants[from] = left;
    if (from > 1) this.#tenants[from - 1] = (this.#tenants[from - 1] as number) + 1;
    // Whoever had most has one less now, so nobody has less than that.
    if (left === 0 && from === this.#most) this.#most = from - 1;
  }
}

function isSooner<T>(a: FairPlace<T>, b: FairPlace<T>): boolean {
  const before = a.key.deadline_mono_ms - b.key.deadline_mono_ms;
  // Two without a deadline differ by NaN.
  return before < 0 || (!(before > 0) && a.arrival < b.arrival);
}
