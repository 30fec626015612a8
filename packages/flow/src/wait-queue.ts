import { assert, type Qos, qosRank } from '@atp-router/kernel';

/** One place in a `WaitQueue`. The fields below `state` belong to the queue and its heap. */
export class Waiter<T> {
  readonly owner: T;
  readonly qos: Qos;
  readonly deadline_ms: number;
  state: 'waiting' | 'left' = 'waiting';
  readonly queue: WaitQueue<T>;
  previous: Waiter<T> | undefined = undefined;
  next: Waiter<T> | undefined = undefined;
  heap_index = -1;

  constructor(queue: WaitQueue<T>, owner: T, qos: Qos, deadline_ms: number) {
    this.queue = queue;
    this.owner = owner;
    this.qos = qos;
    this.deadline_ms = deadline_ms;
  }
}

/** A binary heap of waiters by deadline that knows each one's place, so that any can be taken out in O(log n). */
export class DeadlineHeap<T> {
  readonly #heap: Waiter<T>[] = [];

  /** The earliest deadline, undefined when nobody waits. */
  next_ms(): number | undefined {
    return this.#heap[0]?.deadline_ms;
  }

  /** The earliest waiter whose deadline is not after `now_ms`; it stays in the heap. */
  due(now_ms: number): Waiter<T> | undefined {
    const first = this.#heap[0];
    return first !== undefined && first.deadline_ms <= now_ms ? first : undefined;
  }

  add(waiter: Waiter<T>): void {
    this.#heap.push(waiter);
    this.#up(waiter, this.#heap.length - 1);
  }

  remove(waiter: Waiter<T>): void {
    const at = waiter.heap_index;
    assert(this.#heap[at] === waiter, 'the waiter is not in this heap');
    waiter.heap_index = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === waiter) return;
    this.#up(last, at);
    this.#down(last, last.heap_index);
  }

  #up(waiter: Waiter<T>, from: number): void {
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || parent.deadline_ms <= waiter.deadline_ms) break;
      this.#put(parent, at);
      at = above;
    }
    this.#put(waiter, at);
  }

  #down(waiter: Waiter<T>, from: number): void {
    let at = from;
    for (;;) {
      const left = this.#heap[2 * at + 1];
      if (left === undefined) break;
      const right = this.#heap[2 * at + 2];
      const child = right !== undefined && right.deadline_ms < left.deadline_ms ? right : left;
      if (child.deadline_ms >= waiter.deadline_ms) break;
      const child_at = child.heap_index;
      this.#put(child, at);
      at = child_at;
    }
    this.#put(waiter, at);
  }

  #put(waiter: Waiter<T>, at: number): void {
    this.#heap[at] = waiter;
    waiter.heap_index = at;
  }
}

/**
 * A bounded queue ordered by service tier, then by arrival. Add, take and leave cost O(1) for the order and O(log n)
 * for the deadline. Queues that expire together share one heap. A better tier always goes first; what keeps a worse one
 * from waiting for ever is its deadline.
 */
export class WaitQueue<T> {
  /** May be lowered below `size`: nobody is thrown out, nobody is added. */
  max_waiting: number;
  readonly #heap: DeadlineHeap<T>;
  readonly #first: (Waiter<T> | undefined)[] = [undefined, undefined, undefined];
  readonly #last: (Waiter<T> | undefined)[] = [undefined, undefined, undefined];
  #size = 0;

  constructor(max_waiting: number, heap: DeadlineHeap<T>) {
    this.max_waiting = max_waiting;
    this.#heap = heap;
  }

  get size(): number {
    return this.#size;
  }

  /** Undefined when the queue is full. */
  add(owner: T, qos: Qos, deadline_ms: number): Waiter<T> | undefined {
    if (this.#size >= this.max_waiting) return undefined;
    const waiter = new Waiter(this, owner, qos, deadline_ms);
    const rank = qosRank(qos);
    const last = this.#last[rank];
    if (last === undefined) this.#first[rank] = waiter;
    else last.next = waiter;
    waiter.previous = last;
    this.#last[rank] = waiter;
    this.#size += 1;
    this.#heap.add(waiter);
    return waiter;
  }

  /** Who is next; stays in the queue. */
  peek(): Waiter<T> | undefined {
    return this.#first[0] ?? this.#first[1] ?? this.#first[2];
  }

  /** Whether somebody waits whom a newcomer of this tier must not overtake. */
  isAheadOf(qos: Qos): boolean {
    const head = this.peek();
    return head !== undefined && qosRank(head.qos) <= qosRank(qos);
  }

  /** Takes a waiter out, wherever it stands. */
  remove(waiter: Waiter<T>): void {
    assert(waiter.queue === this && waiter.state === 'waiting', 'the waiter is not in this queue');
    const rank = qosRank(waiter.qos);
    if (waiter.previous === undefined) this.#first[rank] = waiter.next;
    else waiter.previous.next = waiter.next;
    if (waiter.next === undefined) this.#last[rank] = waiter.previous;
    else waiter.next.previous = waiter.previous;
    waiter.previous = undefined;
    waiter.next = undefined;
    waiter.state = 'left';
    this.#size -= 1;
    this.#heap.remove(waiter);
  }
}

/** Takes everybody whose deadline is not after `now_ms` out of their queues, earliest first. */
export function takeExpired<T>(heap: DeadlineHeap<T>, now_ms: number): T[] {
  const expired: T[] = [];
  for (let waiter = heap.due(now_ms); waiter !== undefined; waiter = heap.due(now_ms)) {
    waiter.queue.remove(waiter);
    expired.push(waiter.owner);
  }
  return expired;
}
