import type { Storable } from '../durable/journal.ts';
import type { LaneIn } from '../receive/lane-in.ts';
import type { LaneOut } from '../send/lane-out.ts';

/** One stream that is open, or of which something has come although it is not opened yet. */
export class Stream {
  readonly id: string;
  /** Whether this end opened it. */
  readonly own: boolean;
  /** Whether messages of it may be handed on: the opening one has been, or has failed. */
  opened: boolean;
  /** This end has given its last message; it may not be sent yet. */
  ended = false;
  /** Everything up to the last message of this end is settled. */
  out_done = false;
  /** The other end's last message has come, and was handed on. */
  in_ended = false;
  in_done = false;
  /** Closed or aborted: what still refers to it does nothing. */
  is_over = false;
  /** Messages of this end that are not settled, and how many of them are not in the main lane. */
  unsettled = 0;
  unsettled_beside = 0;
  main_in: LaneIn | undefined;
  main_out: LaneOut | undefined;
  ins: Map<string, LaneIn> | undefined;
  outs: Map<string, LaneOut> | undefined;
  /** By lane, how it is saved; only with `durable`. */
  stored: Map<string, Storable> | undefined;

  constructor(id: string, own: boolean) {
    this.id = id;
    this.own = own;
    this.opened = own || id === '0';
  }

  *lanesIn(): Iterable<LaneIn> {
    if (this.main_in !== undefined) yield this.main_in;
    if (this.ins !== undefined) yield* this.ins.values();
  }

  *lanesOut(): Iterable<LaneOut> {
    if (this.main_out !== undefined) yield this.main_out;
    if (this.outs !== undefined) yield* this.outs.values();
  }
}
