import { connect } from 'node:net';
import type { Rng, Timer } from '@atp-router/kernel';
import { systemRng } from '../clock.ts';
import { linkDown } from './errors.ts';
import { LINK_PROTOCOL, type LinkFrame } from './frame.ts';
import { LINK_LIMITS, type LinkLimits } from './limits.ts';
import { Link } from './link.ts';
import type { LinkClient, LinkClientOptions, LinkPeer } from './types.ts';

/**
 * Makes a link to the process that listens at the path, again and again until it is closed. While there is none, it does
 * not keep this process alive.
 */
export function openLink(options: LinkClientOptions): LinkClient {
  return new ReconnectingLink(options);
}

class ReconnectingLink implements LinkClient {
  readonly peer: LinkPeer;
  readonly #options: LinkClientOptions;
  readonly #limits: LinkLimits;
  readonly #rng: Rng;
  #link: Link | undefined;
  /** When the link was last made. */
  #up_ms: number | undefined;
  /** Tries since a link lasted. */
  #tries = 0;
  #retry: Timer | undefined;
  /** Called when the last link is gone; set by `close`. */
  #closed: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: LinkClientOptions) {
    this.#options = options;
    this.#limits = { ...LINK_LIMITS, ...options.limits };
    this.#rng = options.rng ?? systemRng();
    this.peer = {
      send: (kind, body) => this.isUp && this.#link?.send(kind, body) === true,
      ask: (kind, body, more) =>
        this.#link !== undefined && this.isUp
          ? this.#link.ask(kind, body, more)
          : Promise.reject(linkDown(options.path)),
    };
    this.#connect();
  }

  get isUp(): boolean {
    return this.#link?.isUp === true;
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#closed = resolve;
      this.#retry?.cancel();
      if (this.#link === undefined) resolve();
      else this.#link.close();
    });
    return this.#closing;
  }

  #connect(): void {
    const { path } = this.#options;
    const socket = connect(path);
    const link: Link = new Link(socket, {
      ...this.#options,
      limits: this.#limits,
      onGreeting: (frame) => this.#onGreeting(link, frame),
      onGone: () => this.#onGone(),
    });
    this.#link = link;
    socket.once('connect', () => this.#sayHello(link));
  }

  #sayHello(link: Link): void {
    const { version, hello } = this.#options;
    try {
      link.greet({ type: 'hello', id: LINK_PROTOCOL, kind: version, body: hello() });
    } catch (cause) {
      link.cut('is cut, as this process failed to say hello', cause);
    }
  }

  #onGreeting(link: Link, { type, kind }: LinkFrame): void {
    const { handlers, onUp, onRefused, clock } = this.#options;
    if (type === 'refusal') {
      link.close();
      onRefused(kind);
    } else if (type === 'welcome') {
      this.#up_ms = clock.mono_ms();
      link.open(handlers);
      try {
        onUp(this.peer);
      } catch (cause) {
        link.cut('is cut, as this process failed when it was made', cause);
      }
    } else link.cut(`is cut: the other process sent "${type}" before its greeting`);
  }

  #onGone(): void {
    const { clock, timers } = this.#options;
    this.#link = undefined;
    if (this.#closed !== undefined) {
      this.#closed();
      return;
    }
    const lasted_ms = this.#up_ms === undefined ? 0 : clock.mono_ms() - this.#up_ms;
    this.#up_ms = undefined;
    if (lasted_ms >= this.#limits.retry_longest_ms) this.#tries = 0;
    this.#retry = timers.after(this.#pause_ms(), () => this.#connect());
    this.#tries += 1;
  }

  /** Exponential, and up to a half shorter by chance, so that the processes of one router do not come all at once. */
  #pause_ms(): number {
    const { retry_first_ms, retry_longest_ms } = this.#limits;
    const ceiling_ms = Math.min(retry_longest_ms, retry_first_ms * 2 ** this.#tries);
    return ceiling_ms * (1 - this.#rng.next() / 2);
  }
}
