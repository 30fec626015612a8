import { assert } from '@atp-router/kernel';

/** What a heap needs of its members: a place that belongs to the heap. A member is in one heap at a time. */
export interface HeapMember {
  /** Index in the heap, -1 while it is in none. */
  heap_at: number;
}

/**
 * A binary heap that knows each member's place, so that any of them can leave or move in O(log n). `isBefore` must be a
 * strict order; a member whose key has changed is told with `moved`.
 */
export class IndexedHeap<T extends HeapMember> {
  readonly #heap: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** The first of all; it stays in the heap. */
  peek(): T | undefined {
    return this.#heap[0];
  }

  add(member: T): void {
    assert(member.heap_at === -1, 'the member is in a heap already');
    this.#up(member, this.#heap.push(member) - 1);
  }

  remove(member: T): void {
    const at = member.heap_at;
    assert(this.#heap[at] === member, 'the member is not in this heap');
    member.heap_at = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === member) return;
    this.#up(last, at);
    this.#down(last, last.heap_at);
  }

  /** The member's key has changed. */
  moved(member: T): void {
    assert(this.#heap[member.heap_at] === member, 'the member is not in this heap');
    this.#up(member, member.heap_at);
    this.#down(member, member.heap_at);
  }

  /** In no particular order. */
  values(): IterableIterator<T> {
    return this.#heap.values();
  }

  #up(member: T, from: number): void {
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.#heap[above] as T;
      if (!this.#isBefore(member, parent)) break;
      this.#put(parent, at);
      at = above;
    }
    this.#put(member, at);
  }

  #down(member: T, from: number): void {
    let at = from;
    for (;;) {
      const left = this.#heap[2 * at + 1];
      if (left === undefined) break;
      const right = this.#heap[2 * at + 2];
      const child = right !== undefined && this.#isBefore(right, left) ? right : left;
      if (!this.#isBefore(child, member)) break;
      const child_at = child.heap_at;
      this.#put(child, at);
      at = child_at;
    }
    this.#put(member, at);
  }

  #put(member: T, at: number): void {
    this.#heap[at] = member;
    member.heap_at = at;
  }
}
