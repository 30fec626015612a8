import { assert } from '@atp-router/kernel';
import type { AccountLedger } from '../account-ledger.ts';
import type { Ticket } from '../scheduler/ticket.ts';
import type { OwnerBody, OwnerMessage, Recovered, SlotState, Want, WorkerMessage } from './messages.ts';
import { CREDIT_VERSION } from './messages.ts';
import { OwnerSlot } from './owner-slot.ts';

/** What a worker asked for, while it waits and until its call has ended. */
export interface Asked {
  readonly by: OwnerWorker;
  readonly want: Want;
}

/** A hello in pieces. */
export interface Hello {
  readonly link: number;
  heard: number;
  readonly slots: SlotState[];
  readonly wants: Want[];
  readonly recovered: Recovered[];
  readonly is_heir: boolean;
}

/** One incarnation of a worker, as the owner knows it. */
export class OwnerWorker {
  readonly name: string;
  readonly incarnation: number;
  /** `greeting`: its first hello is not complete. `broken`: something did not arrive; nothing counts until the next hello. */
  state: 'greeting' | 'live' | 'broken' | 'lapsed' = 'greeting';
  link = 0;
  heard = 0;
  /** The last message to it on this link that it has heard of. */
  seen = 0;
  /** Monotone time at which it is taken for dead. */
  lease_mono_ms: number = Number.POSITIVE_INFINITY;
  /** A link that begins: it counts once the hello is complete. What is sent until then is void with the link before. */
  hello: Hello | undefined = undefined;
  /** Somebody has read its journal, and it has not lapsed yet. */
  settled: Recovered[] = [];
  readonly waiting: Map<number, Ticket<Asked>> = new Map();
  /** Granted calls that have not ended. */
  readonly granted: Map<number, Ticket<Asked>> = new Map();
  readonly #slots: Map<string, OwnerSlot> = new Map();
  readonly #ledger: AccountLedger;
  #sent = 0;

  constructor(name: string, incarnation: number, ledger: AccountLedger) {
    this.name = name;
    this.incarnation = incarnation;
    this.#ledger = ledger;
  }

  get slot_count(): number {
    return this.#slots.size;
  }

  slots(): IterableIterator<OwnerSlot> {
    return this.#slots.values();
  }

  /** `made` is told of a slot that is new. */
  slot(account: string, day: number, made: (slot: OwnerSlot) => void): OwnerSlot {
    const key = `${day} ${account}`;
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = new OwnerSlot(this.#ledger, account, day);
      this.#slots.set(key, slot);
      made(slot);
    }
    return slot;
  }

  peek(account: string, day: number): OwnerSlot | undefined {
    return this.#slots.get(`${day} ${account}`);
  }

  drop({ account, day }: OwnerSlot): void {
    this.#slots.delete(`${day} ${account}`);
  }

  /** Number of the next message to it. */
  get next_seq(): number {
    return this.#sent + 1;
  }

  /** Whether a message is the next one of its link; a hello may begin another link. */
  takes({ link, seq, heard, body }: WorkerMessage): 'next' | 'void' | 'gap' {
    if (link > this.link) {
      if (this.hello === undefined || link > this.hello.link) {
        if (seq !== 1 || body.type !== 'hello') return 'gap';
        this.hello = { link, heard: 0, slots: [], wants: [], recovered: [], is_heir: body.is_heir };
      }
      if (link < this.hello.link || seq <= this.hello.heard) return 'void';
      if (seq !== this.hello.heard + 1 || body.type !== 'hello') return 'gap';
      this.hello.heard = seq;
      return 'next';
    }
    if (link < this.link || seq <= this.heard) return 'void';
    if (seq !== this.heard + 1 || this.state !== 'live') return 'gap';
    this.heard = seq;
    this.seen = heard;
    return 'next';
  }

  /** Its hello is complete: it is alive. */
  begin(): Hello {
    const { hello } = this;
    assert(hello !== undefined, 'a link begins with a hello');
    this.hello = undefined;
    this.state = 'live';
    this.link = hello.link;
    this.heard = hello.heard;
    this.seen = 0;
    this.#sent = 0;
    this.settled = [];
    return hello;
  }

  message(epoch: number, body: OwnerBody): OwnerMessage {
    this.#sent += 1;
    return messageTo(this, epoch, this.link, this.#sent, this.heard, body);
  }
}

/** Tells a worker that its link is void. */
export function resync({ worker, incarnation, link }: WorkerMessage, epoch: number): OwnerMessage {
  return messageTo({ name: worker, incarnation }, epoch, link, 0, 0, { type: 'resync' });
}

/** Tells a worker that nothing was heard of that there is a new owner. */
export function callOf(worker: { readonly name: string; readonly incarnation: number }, epoch: number): OwnerMessage {
  return messageTo(worker, epoch, 0, 0, 0, { type: 'resync' });
}

function messageTo(
  { name, incarnation }: { readonly name: string; readonly incarnation: number },
  epoch: number,
  link: number,
  seq: number,
  heard: number,
  body: OwnerBody,
): OwnerMessage {
  return { v: CREDIT_VERSION, epoch, worker: name, incarnation, link, seq, heard, body };
}
