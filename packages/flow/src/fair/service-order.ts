import { type HeapMember, IndexedHeap } from '../indexed-heap.ts';

/**
 * One flow of a fair order: a tenant, or a session of a tenant. `start` is where its next service begins in virtual time,
 * which runs in tokens divided by weight.
 */
export class Flow<T> implements HeapMember {
  readonly id: string;
  readonly content: T;
  weight: number;
  start = 0;
  heap_at = -1;
  /** Has somebody waiting. */
  is_backlogged = false;
  /** Order among flows of one `start`: who waits for longer. */
  turn = 0;
  /** Demands that wait in it, as far as its owner counts them. */
  waiting = 0;

  constructor(id: string, content: T, weight: number) {
    this.id = id;
    this.content = content;
    this.weight = weight;
  }
}

/** Flows without anybody waiting that are remembered for what they were served: about 200 B each. */
export const DEFAULT_MAX_IDLE_FLOWS = 10_000;

/**
 * Which of many flows is served next, by the service that each has had, in tokens. Start-time fair queuing (Goyal, Vin,
 * Cheng 1996) whose costs are corrected when they become known, which is the virtual token counter of Sheng et al. (OSDI
 * 2024): over any time in which two flows have somebody waiting, the service of both, each divided by its weight, differs by
 * no more than the two largest costs, and by what is in flight and not known yet.
 *
 * A flow that comes back after a pause begins at the present virtual time: what it did not use then is nobody's debt. One
 * that had more than its share keeps that, until the others have caught up.
 */
export class ServiceOrder<T> {
  /** Flows with somebody waiting. */
  readonly #waiting: IndexedHeap<Flow<T>> = new IndexedHeap<Flow<T>>(startsBefore);
  /** Flows without, which are ahead of virtual time: the first one is the next to be forgotten. */
  readonly #ahead: IndexedHeap<Flow<T>> = new IndexedHeap<Flow<T>>(startsBefore);
  readonly #flows: Map<string, Flow<T>> = new Map();
  readonly #make: (id: string) => T;
  readonly #max_idle: number;
  #virtual = 0;
  #turns = 0;

  constructor(make: (id: string) => T, max_idle: number = DEFAULT_MAX_IDLE_FLOWS) {
    this.#make = make;
    this.#max_idle = max_idle;
  }

  /** Flows with somebody waiting. */
  get backlogged(): number {
    return this.#waiting.size;
  }

  /** All flows that are remembered. */
  get size(): number {
    return this.#flows.size;
  }

  /** Who is served next. */
  first(): Flow<T> | undefined {
    return this.#waiting.peek();
  }

  find(id: string): Flow<T> | undefined {
    return this.#flows.get(id);
  }

  backloggedFlows(): IterableIterator<Flow<T>> {
    return this.#waiting.values();
  }

  /** Somebody waits in this flow. `weight` counts from now on. */
  join(id: string, weight: number): Flow<T> {
    const flow = this.#flows.get(id) ?? this.#add(id, weight);
    flow.weight = weight;
    if (flow.is_backlogged) return flow;
    if (flow.heap_at !== -1) this.#ahead.remove(flow);
    flow.is_backlogged = true;
    flow.start = Math.max(flow.start, this.#virtual);
    this.#turns += 1;
    flow.turn = this.#turns;
    this.#waiting.add(flow);
    return flow;
  }

  /** Nobody waits in it any more. */
  leave(flow: Flow<T>): void {
    this.#waiting.remove(flow);
    flow.is_backlogged = false;
    if (this.#waiting.size === 0) this.#rest(flow);
    else this.#remember(flow);
  }

  /** A flow that has somebody waiting is served `cost` tokens; `leaves`: nobody waits in it after that. */
  serve(flow: Flow<T>, cost: number, leaves: boolean): void {
    this.#virtual = Math.max(this.#virtual, flow.start);
    flow.start += cost / flow.weight;
    this.#turns += 1;
    flow.turn = this.#turns;
    if (leaves) this.leave(flow);
    else this.#waiting.moved(flow);
    this.#forgetCaughtUp();
  }

  /** The cost of an earlier service was `by` tokens more than was supposed, or less. */
  correct(flow: Flow<T>, by: number): void {
    if (by === 0 || this.#flows.get(flow.id) !== flow) return;
    flow.start += by / flow.weight;
    if (flow.is_backlogged) this.#waiting.moved(flow);
    else if (flow.start <= this.#virtual) this.#forget(flow);
    else this.#ahead.moved(flow);
  }

  #add(id: string, weight: number): Flow<T> {
    const flow = new Flow(id, this.#make(id), weight);
    flow.start = this.#virtual;
    this.#flows.set(id, flow);
    return flow;
  }

  /** Nobody waits anywhere: there is no competition that history could decide. */
  #rest(last: Flow<T>): void {
    this.#flows.delete(last.id);
    for (let flow = this.#ahead.peek(); flow !== undefined; flow = this.#ahead.peek()) this.#forget(flow);
    this.#virtual = 0;
  }

  #remember(flow: Flow<T>): void {
    if (flow.start <= this.#virtual) {
      this.#flows.delete(flow.id);
      return;
    }
    this.#ahead.add(flow);
    const nearest = this.#ahead.peek();
    if (this.#ahead.size > this.#max_idle && nearest !== undefined) this.#forget(nearest);
  }

  #forgetCaughtUp(): void {
    for (let flow = this.#ahead.peek(); flow !== undefined && flow.start <= this.#virtual; flow = this.#ahead.peek()) {
      this.#forget(flow);
    }
  }

  #forget(flow: Flow<T>): void {
    this.#ahead.remove(flow);
    this.#flows.delete(flow.id);
  }
}

function startsBefore(a: Flow<unknown>, b: Flow<unknown>): boolean {
  return a.start < b.start || (a.start === b.start && a.turn < b.turn);
}
