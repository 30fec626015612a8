import type { QueueOptions } from '@atp-router/flow';
import type { Qos } from '@atp-router/kernel';
import type { FlowWatch, Gate, PoolView } from '../../engine/gate.ts';
import { NoCalls } from '../no-calls.ts';
import { OwnerGate, type OwnerGateParts } from '../owner-gate.ts';

/** What is set once it leads. */
type Term = Pick<OwnerGateParts, 'epoch' | 'workers' | 'tenure_mono_ms'>;

/**
 * The gate of an owner process that is one of several: empty while another one holds the limits, and the owner's once this one does.
 * What was said of queues meanwhile counts then.
 */
export class ClusterGate extends NoCalls implements Gate {
  readonly #parts: Omit<OwnerGateParts, keyof Term>;
  /** One for each account with limits of its own. */
  readonly #queues: Map<string, QueueOptions> = new Map();
  /** For as long as there is a gate, as many as those who made it want. */
  readonly #watches: Partial<FlowWatch>[] = [];
  #max_waiting: number | undefined;
  #own: OwnerGate | undefined;

  constructor(parts: Omit<OwnerGateParts, keyof Term>) {
    super(parts);
    this.#parts = parts;
  }

  /** Undefined: another one has the limits, or nobody. */
  get own(): OwnerGate | undefined {
    return this.#own;
  }

  lead(term: Term): void {
    const own = new OwnerGate({ ...this.#parts, ...term });
    for (const [account, options] of this.#queues) own.configure(account, options);
    if (this.#max_waiting !== undefined) own.setMaxWaiting(this.#max_waiting);
    for (const watch of this.#watches) own.listen(watch);
    this.#own = own;
    own.start();
  }

  /** It decides nothing any more. */
  close(): void {
    void this.#own?.close();
    this.#own = undefined;
  }

  listen(watch: Partial<FlowWatch>): void {
    this.#watches.push(watch);
    this.#own?.listen(watch);
  }

  wake(account?: string): void {
    this.#own?.wake(account);
  }

  setMaxWaiting(most: number): void {
    this.#max_waiting = most;
    this.#own?.setMaxWaiting(most);
  }

  configure(account: string, options: QueueOptions | undefined): void {
    if (options === undefined) this.#queues.delete(account);
    else this.#queues.set(account, options);
    this.#own?.configure(account, options);
  }

  wait_ms(account: string, qos: Qos): number | undefined {
    return this.#own?.wait_ms(account, qos);
  }

  load(account: string): { readonly in_flight: number; readonly waiting: number } {
    return this.#own?.load(account) ?? { in_flight: 0, waiting: 0 };
  }

  waiting(qos: Qos): number {
    return this.#own?.waiting(qos) ?? 0;
  }

  waitingOf(tenant: string): number {
    return this.#own?.waitingOf(tenant) ?? 0;
  }

  pools(): Iterable<PoolView> {
    return this.#own?.pools() ?? [];
  }

  jain(qos: Qos): number {
    return this.#own?.jain(qos) ?? 1;
  }

  get due_mono_ms(): number | undefined {
    return this.#own?.due_mono_ms;
  }
}
