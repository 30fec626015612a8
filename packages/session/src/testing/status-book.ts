import type { AgentStatus, Frame } from '@atp-router/wire';
import { isWireObject } from '@atp-router/wire';
import { otherSide, SIDES, type Side } from './network.ts';

/** What each end said of itself, and what the other one heard: the newest has to come through (S25, S41). */
export class StatusBook {
  readonly #broken: (what: string) => void;
  readonly #said: Record<Side, AgentStatus[]> = { client: [], server: [] };
  /** Which of them was sent last in a message of its own. */
  readonly #sent: Record<Side, number> = { client: 0, server: 0 };
  /** After a crash the newest may not have been kept, until another one is said. */
  readonly #doubtful: Record<Side, boolean> = { client: false, server: false };
  /** What the other end heard last. */
  readonly #heard: Partial<Record<Side, AgentStatus>> = {};

  constructor(broken: (what: string) => void) {
    this.#broken = broken;
  }

  said(side: Side, status: AgentStatus): void {
    this.#said[side].push(status);
    this.#doubtful[side] = false;
  }

  restarted(side: Side): void {
    this.#doubtful[side] = true;
    this.#sent[side] = 0;
  }

  /** `side` sends a status in a message of a new number: the newest of that time, never an older one than before. */
  sends(side: Side, frame: Frame): void {
    const content = frame.payload?.content;
    const status = isWireObject(content) ? content['status'] : undefined;
    const at = this.#said[side].findIndex((one, i) => i >= this.#sent[side] && one === status);
    if (at === -1) this.#broken(`${side} says that it is ${String(status)}, and has been something else since`);
    else this.#sent[side] = at;
  }

  /** `side` was told what the other one says. */
  heard(side: Side, status: AgentStatus): void {
    this.#heard[otherSide(side)] = status;
  }

  /** Whether that is what it said last. */
  isReady(side: Side): boolean {
    return this.#said[side].at(-1) === 'READY' && !this.#doubtful[side];
  }

  /** At the end of a session in order. */
  judge(): void {
    for (const side of SIDES) {
      const newest = this.#said[side].at(-1);
      if (newest === undefined || this.#doubtful[side] || this.#heard[side] === newest) continue;
      this.#broken(`${side} is ${newest}, and the other end holds it for ${this.#heard[side] ?? 'what it never said'}`);
    }
  }
}
