import type { Amounts, Part } from '@atp-router/flow';
import type { Qos } from '@atp-router/kernel';
import type { GateTicket, Holder } from '../../../src/engine/gate.ts';
import type { LeasedGate } from '../../../src/processes/leased-gate.ts';
import type { Draw } from '@atp-router/kernel/testing';
import type { VirtualTime } from '../../engine/support/virtual-time.ts';

const FUNDS = 0;

/** What a player knows of its world. */
export interface Stage {
  readonly draw: Draw;
  readonly time: VirtualTime;
  readonly broken: string[];
  readonly facts: GateFacts;
  spent(part: Part | undefined, used: Amounts): void;
}

/** What has happened, so that a sample that proves nothing shows. */
export interface GateFacts {
  granted: number;
  waited: number;
  refused: number;
  cancelled: number;
  replaced: number;
  grown: number;
  stopped: number;
  lapsed: number;
  cuts: number;
  windows: number;
}

/** One call, as an engine would make it: funds and a place, sometimes a second attempt, sometimes nobody who ends it. */
export class Player implements Holder {
  readonly #world: Stage;
  readonly #gate: LeasedGate;
  readonly #tenant: string;
  readonly #qos: Qos;
  readonly #session: string | undefined;
  #ticket: GateTicket | undefined;
  #second: GateTicket | undefined;
  #told = 0;
  #is_over = false;
  /** Reservations that are not ended, by ticket and part. */
  #open: [GateTicket, number][] = [];

  constructor(world: Stage, gate: LeasedGate, tenant: string, qos: Qos, session?: string) {
    this.#world = world;
    this.#gate = gate;
    this.#tenant = tenant;
    this.#qos = qos;
    this.#session = session;
  }

  begin(): void {
    const { draw, time } = this.#world;
    const ticket = this.#ask([this.#funds(), this.#place()]);
    this.#ticket = ticket;
    if (ticket.state.kind !== 'waiting') {
      this.#came(ticket);
      return;
    }
    this.#world.facts.waited += 1;
    if (draw.chance(0.15)) time.after(draw.int(1, 400), () => this.#cancel());
    if (draw.chance(0.1)) time.after(draw.int(1, 400), () => this.#replace());
  }

  decided(ticket: GateTicket): void {
    this.#told += 1;
    if (this.#told > 1 && this.#second === undefined) this.#world.broken.push('told twice what became of a ticket');
    if (ticket.state.kind === 'waiting') this.#world.broken.push('told of a ticket that waits');
    this.#came(ticket);
  }

  preempted(): void {
    this.#world.facts.stopped += 1;
    if (this.#qos === 'gold') this.#world.broken.push('gold is stopped');
    this.#end();
  }

  lapsed(): void {
    this.#world.facts.lapsed += 1;
    this.#end();
  }

  #came(ticket: GateTicket): void {
    const { draw, time, facts } = this.#world;
    const { state } = ticket;
    if (state.kind !== 'granted') {
      if (state.kind !== 'cancelled') facts.refused += 1;
      return;
    }
    facts.granted += 1;
    ticket.parts.forEach(({ kind }, part) => {
      if (kind === 'reserve') this.#open.push([ticket, part]);
    });
    if (this.#is_over) {
      this.#endAll();
      return;
    }
    if (ticket === this.#second) return;
    for (let i = draw.int(0, 3); i > 0; i -= 1) time.after(draw.int(1, 300), () => this.#adjust(ticket));
    if (draw.chance(0.2)) time.after(draw.int(1, 200), () => this.#again(ticket));
    // Of some nobody ever says that they have ended.
    if (draw.chance(0.97)) time.after(draw.int(1, 600), () => this.#end());
  }

  #adjust(ticket: GateTicket): void {
    const { draw, facts } = this.#world;
    const reservation = ticket.state.kind === 'granted' ? ticket.state.reservations[draw.int(0, 1)] : undefined;
    if (this.#is_over || reservation?.state !== 'open') return;
    const to: Amounts = { calls: 1, tokens: draw.int(0, 400), usd_nanos: draw.int(0, 4_000) };
    this.#gate.renew(ticket);
    const denial = this.#gate.adjust(reservation, to, () => undefined);
    if (denial === undefined) facts.grown += 1;
  }

  #again(ticket: GateTicket): void {
    const { state } = ticket;
    const reservation = state.kind === 'granted' ? state.reservations[FUNDS] : undefined;
    if (this.#is_over || reservation?.state !== 'open') return;
    const by = { calls: 0, tokens: this.#world.draw.int(0, 200), usd_nanos: 10 };
    const second = this.#ask([{ kind: 'grow', reservation, by }, this.#place()]);
    this.#second = second;
    if (second.state.kind !== 'waiting') this.#came(second);
  }

  #replace(): void {
    const ticket = this.#ticket;
    if (this.#is_over || ticket?.state.kind !== 'waiting') return;
    this.#world.facts.replaced += 1;
    this.#gate.replace(ticket, [this.#funds(), this.#place()]);
  }

  #cancel(): void {
    const ticket = this.#ticket;
    if (ticket?.state.kind !== 'waiting') return;
    this.#world.facts.cancelled += 1;
    this.#is_over = true;
    this.#gate.cancel(ticket);
  }

  #end(): void {
    if (this.#is_over) return;
    this.#is_over = true;
    for (const ticket of [this.#ticket, this.#second]) if (ticket?.state.kind === 'waiting') this.#gate.cancel(ticket);
    this.#endAll();
  }

  #endAll(): void {
    const { draw } = this.#world;
    const open = this.#open;
    this.#open = [];
    for (const [ticket, part] of open) {
      if (draw.chance(0.2)) this.#gate.release(ticket, part);
      else {
        const used: Amounts = { calls: 1, tokens: draw.int(0, 500), usd_nanos: draw.int(0, 5_000) };
        this.#gate.settle(ticket, part, used);
        this.#world.spent(ticket.parts[part], used);
      }
    }
  }

  #ask(parts: readonly Part[]): GateTicket {
    const { draw, time } = this.#world;
    const session = `${this.#tenant}${draw.int(1, 3)}`;
    const deadline_mono_ms = draw.chance(0.2) ? time.mono_ms() + draw.int(1, 800) : Number.POSITIVE_INFINITY;
    const key = { qos: this.#qos, tenant: this.#tenant, weight: 1, session, tokens: 100, deadline_mono_ms };
    return this.#gate.request({ owner: this, key, parts, is_preemptible: draw.chance(0.7), lease_ms: 1_500 });
  }

  #funds(): Part {
    const { draw } = this.#world;
    const own = this.#session === undefined ? [] : [`session:${this.#tenant}/${this.#session}`];
    const accounts = [...own, `tenant:${this.#tenant}`, 'router'];
    return { kind: 'reserve', accounts, amounts: call(draw), wait_ms: draw.chance(0.7) ? 1_000 : undefined };
  }

  #place(): Part {
    const { draw } = this.#world;
    return { kind: 'reserve', accounts: ['deployment:m', 'provider:p'], amounts: call(draw), wait_ms: 500 };
  }
}

function call(draw: Draw): Amounts {
  return { calls: 1, tokens: draw.int(1, 300), usd_nanos: draw.int(1, 3_000) };
}
