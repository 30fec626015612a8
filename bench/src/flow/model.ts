import type { Qos } from '@atp-router/kernel';

/** How much a call reads and writes, in tokens. */
export interface Lengths {
  readonly in_tokens: number;
  readonly out_tokens: number;
}

/** One call of a trace. */
export interface Arrival extends Lengths {
  readonly at_ms: number;
}

export interface Tenant {
  readonly id: string;
  readonly qos: Qos;
  readonly weight: number;
}

/** One call of a workload: who asks for what, and when. */
export interface Asked extends Arrival {
  readonly tenant: Tenant;
  readonly session: string;
}

/** `later`: told to come again. */
export type CallState = 'new' | 'waiting' | 'later' | 'running' | 'stopping' | 'over';

/** One call in a run. */
export class Call {
  readonly asked: Asked;
  /** Place of its provider in the fleet. */
  readonly provider: number;
  /** Tokens that are reserved for it: its input, and the output that is expected. */
  readonly reserved_tokens: number;
  state: CallState = 'new';
  begun_ms = 0;

  constructor(asked: Asked, provider: number, reserved_tokens: number) {
    this.asked = asked;
    this.provider = provider;
    this.reserved_tokens = reserved_tokens;
  }
}
