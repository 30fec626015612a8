import type { CloseName } from '@atp-router/adapters';
import type { Agreed } from '@atp-router/session';
import type { Frame } from '@atp-router/wire';
import type { Carrier } from './host-types.ts';

/** The connection of one session, if it has one: what an earlier one says or loses is no matter of the session any more. */
export class HeldCarrier {
  #carrier: Carrier | undefined;

  get is_there(): boolean {
    return this.#carrier !== undefined;
  }

  get remote_address(): string | undefined {
    return this.#carrier?.remote_address;
  }

  holds(carrier: Carrier): boolean {
    return carrier === this.#carrier;
  }

  /** An older one is closed. */
  replace(carrier: Carrier): void {
    const older = this.#carrier;
    this.#carrier = carrier;
    older?.close('superseded');
  }

  /** Without a connection it is not sent: the session has what must not be lost, and sends it again. */
  send(frame: Frame, encoding: Agreed['encoding']): void {
    this.#carrier?.send(frame, encoding);
  }

  /** It has closed. */
  lose(): void {
    this.#carrier = undefined;
  }

  /** Closes it. False: there was none. */
  close(end: CloseName): boolean {
    const carrier = this.#carrier;
    // First: what follows from its end is not for this session.
    this.#carrier = undefined;
    carrier?.close(end);
    return carrier !== undefined;
  }
}
