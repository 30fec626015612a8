import type { OwnerMessage, WorkerBody, WorkerMessage } from './messages.ts';
import { CREDIT_VERSION } from './messages.ts';
import type { CreditOptions } from './options.ts';

/** What a message of the owner is to its worker. */
export type Heard = 'taken' | 'void' | 'gap' | 'resync';

/** Between two hellos that nobody answers: as rare as a lease. */
const HELLO_MS_MAX = 10_000;

/** Sends closer to each other than this count as one for the lease: at most 200 times are kept. */
const SAMPLE_MS = 50;

/**
 * A worker's side of its link with the owner: who that is, numbers of messages, and the lease. The lease lasts `ttl_ms` from
 * when the latest message that the owner has heard was sent: the owner counts from when it heard it, and adds a margin.
 */
export class WorkerLink {
  readonly #worker: string;
  readonly #incarnation: number;
  readonly #options: CreditOptions;
  epoch = 0;
  link = 0;
  /** `down`: there is nobody to talk to. `greeting`: a hello is on its way. `lost`: it was refused; the next one is due soon. */
  state: 'down' | 'lost' | 'greeting' | 'up' = 'down';
  #sent = 0;
  #heard = 0;
  #samples: { readonly seq: number; readonly mono_ms: number }[] = [];
  #lease_mono_ms = Number.NEGATIVE_INFINITY;
  #greeted_mono_ms = Number.NEGATIVE_INFINITY;
  /** Hellos since the last welcome. */
  #greetings = 0;
  #pinged_mono_ms = Number.NEGATIVE_INFINITY;

  constructor(worker: string, incarnation: number, options: CreditOptions) {
    this.#worker = worker;
    this.#incarnation = incarnation;
    this.#options = options;
  }

  /** Messages may be sent: the hello goes before them. */
  get is_open(): boolean {
    return this.state === 'greeting' || this.state === 'up';
  }

  /** The worker's credit is its own until its lease is over, also while nobody can be reached. A hello gives it up. */
  has_lease(mono_ms: number): boolean {
    return (this.state === 'up' || this.state === 'down') && mono_ms < this.#lease_mono_ms;
  }

  get lease_mono_ms(): number {
    return this.#lease_mono_ms;
  }

  greet(mono_ms: number): void {
    this.link += 1;
    this.state = 'greeting';
    this.#greetings += 1;
    this.#sent = 0;
    this.#heard = 0;
    this.#samples = [];
    this.#lease_mono_ms = Number.NEGATIVE_INFINITY;
    this.#greeted_mono_ms = mono_ms;
    this.#pinged_mono_ms = mono_ms;
  }

  message(body: WorkerBody, mono_ms: number): WorkerMessage {
    this.#sent += 1;
    const last = this.#samples.at(-1);
    if (last === undefined || mono_ms - last.mono_ms >= SAMPLE_MS) this.#samples.push({ seq: this.#sent, mono_ms });
    const { epoch, link } = this;
    const head = { worker: this.#worker, incarnation: this.#incarnation, epoch, link, seq: this.#sent };
    return { v: CREDIT_VERSION, ...head, heard: this.#heard, body };
  }

  hear({ v, worker, incarnation, epoch, link, seq, heard, body }: OwnerMessage): Heard {
    if (v !== CREDIT_VERSION || worker !== this.#worker || incarnation !== this.#incarnation) return 'void';
    if (epoch < this.epoch || this.state === 'down') return 'void';
    if (body.type === 'resync') {
      if (epoch === this.epoch && link !== this.link) return 'void';
      if (epoch > this.epoch) this.#greetings = 0;
      this.epoch = epoch;
      return 'resync';
    }
    if (epoch !== this.epoch || link !== this.link || !this.is_open || seq <= this.#heard) return 'void';
    if (seq !== this.#heard + 1) return 'gap';
    this.#heard = seq;
    this.#renew(heard);
    if (body.type === 'welcome') {
      this.state = 'up';
      this.#greetings = 0;
    }
    return 'taken';
  }

  /**
   * The link is void. True: a hello is to be sent at once. Whoever was not welcomed since the last one waits, longer each time: a
   * hello that is refused, or answered too late, is so again, and a way that is slow does not get faster by it.
   */
  broken(): boolean {
    if (this.#greetings === 0) return true;
    this.state = 'lost';
    return false;
  }

  /** When something is due without any message: a hello again, or a ping. */
  get due_mono_ms(): number {
    if (this.state === 'down') return Number.POSITIVE_INFINITY;
    const { hello_ms } = this.#options;
    if (this.state !== 'up')
      return this.#greeted_mono_ms + Math.min(HELLO_MS_MAX, hello_ms * 2 ** (this.#greetings - 1));
    // Three pings fit in a lease: the last one of them finds out whether anybody is there.
    const { ttl_ms } = this.#options;
    const renewed_mono_ms = this.#lease_mono_ms - ttl_ms;
    return Math.max(renewed_mono_ms, this.#pinged_mono_ms) + ttl_ms / 3;
  }

  /** What is due: a hello once nothing was heard for the whole lease. */
  due(mono_ms: number): 'hello' | 'ping' | undefined {
    if (this.due_mono_ms > mono_ms) return undefined;
    if (this.state !== 'up' || mono_ms >= this.#lease_mono_ms) return 'hello';
    this.#pinged_mono_ms = mono_ms;
    return 'ping';
  }

  #renew(heard: number): void {
    let latest: number | undefined;
    while ((this.#samples[0]?.seq ?? Number.POSITIVE_INFINITY) <= heard) latest = this.#samples.shift()?.mono_ms;
    if (latest !== undefined) this.#lease_mono_ms = Math.max(this.#lease_mono_ms, latest + this.#options.ttl_ms);
  }
}
