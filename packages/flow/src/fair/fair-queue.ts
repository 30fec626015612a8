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
 * Every operation is O(log n) in the number of tenants, of sessions of the tenant, and of demands of the session.
 */
export class FairQueue<T> {
  readonly #tiers: readonly ServiceOrder<ServiceOrder<Line<T>>>[];
  readonly #sizes: [number, number, number] = [0, 0, 0];
  readonly #newest: (FairPlace<T> | undefined)[] = [undefined, undefined, undefined];
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
    return place;
  }

  /** Who is next in a tier; stays in the queue. */
  peek(qos: Qos): FairPlace<T> | undefined {
    return this.#tier(qos).first()?.content.first()?.content.peek();
  }

  /** Who came last in a tier: the first to be shed. */
  newest(qos: Qos): FairPlace<T> | undefined {
    return this.#newest[qosRank(qos)];
  }

  /** Leaves without having been served. */
  remove(place: FairPlace<T>): void {
    const { key, tenant, session } = place;
    session.content.remove(place);
    const rank = qosRank(key.qos);
    if (place.newer === undefined) this.#newest[rank] = place.older;
    else place.newer.older = place.older;
    if (place.older !== undefined) place.older.newer = place.newer;
    this.#sizes[rank] -= 1;
    if (session.content.size === 0) tenant.content.leave(session);
    if (tenant.content.backlogged === 0) this.#tier(key.qos).leave(tenant);
  }

  /** Leaves and is charged. */
  serve(place: FairPlace<T>): Charge<T> {
    const { key, tenant, session } = place;
    const { qos, tokens } = key;
    tenant.content.serve(session, tokens);
    this.#tier(qos).serve(tenant, tokens);
    this.remove(place);
    return { qos, tenant, session, tokens };
  }

  /** What was charged turned out to be `tokens`. Returns the charge as it is now. */
  correct(charge: Charge<T>, tokens: number): Charge<T> {
    const by = tokens - charge.tokens;
    charge.tenant.content.correct(charge.session, by);
    this.#tier(charge.qos).correct(charge.tenant, by);
    return { ...charge, tokens };
  }

  /** Gives a tenant another weight while it waits. */
  reweigh(qos: Qos, tenant: string, weight: number): void {
    const flow = this.#tier(qos).find(tenant);
    if (flow !== undefined) flow.weight = weight;
  }

  #tier(qos: Qos): ServiceOrder<ServiceOrder<Line<T>>> {
    return this.#tiers[qosRank(qos)] as ServiceOrder<ServiceOrder<Line<T>>>;
  }
}

function isSooner<T>(a: FairPlace<T>, b: FairPlace<T>): boolean {
  const before = a.key.deadline_mono_ms - b.key.deadline_mono_ms;
  // Two without a deadline differ by NaN.
  return before < 0 || (!(before > 0) && a.arrival < b.arrival);
}
