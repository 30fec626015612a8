import { errorPayload, type Frame } from '@atp-router/wire';
import { judgeFirstFrame, refusalFrame } from '../handshake/first.ts';
import { Draw } from '@atp-router/kernel/testing';
import { seedFor } from './seed-for.ts';
import type { SimEnd } from './end.ts';
import type { Network, Side, Wire, WireEvents } from './network.ts';
import type { VirtualTime } from './time.ts';
import type { Watch } from './watch.ts';

export interface ShellOptions {
  readonly seed: number;
  readonly time: VirtualTime;
  readonly network: Network;
  readonly ends: Readonly<Record<Side, SimEnd>>;
  /** Makes the server's session. */
  readonly start: () => void;
  readonly watch: Watch;
}

/** What is around the sessions: a client that dials again and again, and a server that tells whose a connection is. */
export class Shell {
  readonly #options: ShellOptions;
  /** Connections that are not the client's. */
  readonly intruders: Set<number> = new Set();
  #dialling = false;
  #dials = 0;

  constructor(options: ShellOptions) {
    this.#options = options;
    this.listen(true);
  }

  listen(on: boolean): void {
    this.#options.network.listen(on ? (wire) => this.#accept(wire) : undefined);
  }

  dialSoon(): void {
    const { ends, seed, time } = this.#options;
    if (this.#dialling || ends.client.state !== 'up') return;
    this.#dialling = true;
    this.#dials += 1;
    const delay_ms = new Draw(seedFor(seed, `dial ${this.#dials}`)).int(1, 500);
    time.after(this.#dials === 1 ? 0 : delay_ms, () => this.dial());
  }

  /** A connection for the client's session, in place of what it has. */
  dial(): void {
    const { ends, network, watch, time } = this.#options;
    const { client } = ends;
    this.#dialling = true;
    network.dial((wire) => {
      this.#dialling = false;
      if (client.state !== 'up') return undefined;
      if (wire === undefined) {
        if (client.wire === undefined) this.dialSoon();
        return undefined;
      }
      watch.note(`client connected on ${wire.id}`);
      const events = client.events(wire);
      // What the client sends first must find somebody who listens.
      time.after(0, () => client.state === 'up' && client.connect(wire));
      return events;
    });
  }

  #accept(wire: Wire): WireEvents {
    const { ends, watch, start } = this.#options;
    const { server } = ends;
    let events: WireEvents | undefined;
    return {
      bytes: (bytes) => {
        if (events !== undefined) {
          events.bytes(bytes);
          return;
        }
        const frame = server.decode(bytes);
        if (frame === undefined) return;
        const refusal = this.#refusal(frame);
        if (refusal !== undefined) {
          wire.send(server.encode(refusal));
          wire.close();
          return;
        }
        if (server.state === 'new') start();
        watch.note(`server connected on ${wire.id}`);
        events = server.events(wire);
        watch.opening = frame;
        watch.tokens.taken(frame);
        if (this.intruders.has(wire.id)) watch.broken('server gives its session to an intruder');
        server.connect(wire);
        server.takes(frame, bytes.length);
      },
      closed: () => events?.closed(),
    };
  }

  /** The answer to a connection that is nobody's. */
  #refusal(frame: Frame): Frame | undefined {
    const { ends, watch } = this.#options;
    const { server } = ends;
    const first = judgeFirstFrame(frame);
    if (first.type === 'refused') return first.answer;
    if (first.type === 'open' && server.state === 'new') return undefined;
    if (server.state === 'up' && server.machine?.admits(frame) === true) return undefined;
    if (server.state === 'up' && first.type === 'resume') watch.tokens.refused(frame);
    return refusalFrame(first.session_id, errorPayload('ESEC', { reason: 'The session cannot be resumed.' }));
  }
}
