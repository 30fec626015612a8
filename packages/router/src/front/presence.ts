import type { ProcessState } from '@atp-router/adapters';
import type { OtherProcesses } from '../processes/other-processes.ts';

/** Which processes of a router there are, as one of them sees it. */
export class Presence {
  /** Did not answer the last time that they were asked for their metrics. */
  silent = 0;
  readonly #others: OtherProcesses | undefined;
  readonly #wanted: number;

  /** `wanted`: workers that there should be. */
  constructor(others: OtherProcesses | undefined, wanted: number) {
    this.#others = others;
    this.#wanted = wanted;
  }

  /** Of this process only itself, but for the owner, which knows of the others. */
  counts(): Readonly<Record<ProcessState, number>> {
    const missing = this.#others === undefined ? 0 : Math.max(0, this.#wanted - this.#others.linked);
    return { answered: 1, silent: this.silent, missing };
  }
}
