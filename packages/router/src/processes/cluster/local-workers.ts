import { CREDIT_VERSION, type OwnerMessage, type WorkerMessage } from '@atp-router/flow';

type Link = Pick<WorkerMessage, 'incarnation' | 'link'>;

/** The links of the workers of this machine with whoever holds the limits, as their messages say. */
export class LocalWorkers {
  readonly #links: Map<string, Link> = new Map();
  readonly #deliver: (message: OwnerMessage) => void;

  constructor(deliver: (message: OwnerMessage) => void) {
    this.#deliver = deliver;
  }

  /** A worker has said something; there are as many as the machine has. */
  note({ worker, incarnation, link }: WorkerMessage): void {
    this.#links.set(worker, { incarnation, link });
  }

  /** Their links are void, be it that something was lost or that another one has the limits: each says hello again. */
  call(epoch: number): void {
    for (const [worker, { incarnation, link }] of this.#links) {
      this.#deliver({
        ...{ v: CREDIT_VERSION, epoch, worker, incarnation, link },
        ...{ seq: 0, heard: 0, body: { type: 'resync' } },
      });
    }
  }
}
