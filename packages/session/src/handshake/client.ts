import { type Frame, hasFlag, type HelloContent, type Payload } from '@atp-router/wire';
import { spread_ms } from '../send/rtt.ts';
import { SESSION_STREAM } from '../streams/numbers.ts';
import { granted, helloOf, isSyn, pendingOf, synFrame } from './hello.ts';
import { Link } from './link.ts';

/** The client's side: asks, and asks again with back-off, until it has an answer or the time is over. */
export class ClientLink extends Link {
  #asked: Frame | undefined;
  /** Connected, and nothing is sent before its number is saved. */
  #waits = false;
  #sends = 0;
  #again_ms = Number.POSITIVE_INFINITY;
  /** Control frame from which the token was read: an older one does not replace it (S3). */
  #token_seq = -1;

  override get deadline_ms(): number {
    return Math.min(super.deadline_ms, this.#again_ms);
  }

  connected(): void {
    if (this.phase === 'open') this.disconnected();
    this.phase = this.phase === 'lost' || this.phase === 'resuming' ? 'resuming' : 'opening';
    this.handshake_end_ms = this.core.now_ms + this.core.limits.handshake_ms;
    this.#sends = 0;
    this.#again_ms = Number.POSITIVE_INFINITY;
    if (this.phase === 'resuming') this.#asked = undefined;
    // After a restart a number has to be saved before it is used (S39).
    this.#waits = !this.core.may_number;
    if (!this.#waits) this.#begin();
  }

  /** Numbers were saved. */
  numbered(): void {
    if (this.#waits) this.#begin();
  }

  #begin(): void {
    this.#waits = false;
    if (this.phase === 'resuming') this.#asked = this.#resumption();
    // Without an answer, the same frame on every connection.
    else this.#asked ??= synFrame(this.core);
    this.#ask();
  }

  #resumption(): Frame {
    const content = { token: this.store.token ?? '', acks: this.to.acks() };
    return this.core.controlFrame(SESSION_STREAM, ['SYN', 'CTRL'], { type: 'control.resume', content });
  }

  override disconnected(): void {
    this.#waits = false;
    this.#again_ms = Number.POSITIVE_INFINITY;
    super.disconnected();
  }

  frame(frame: Frame): void {
    if (frame.stream_id !== SESSION_STREAM || !hasFlag(frame, 'CTRL')) return;
    if (hasFlag(frame, 'RST')) {
      this.to.close(frame.payload, 'in_doubt');
      this.core.emit({ type: 'disconnect' });
      return;
    }
    const hello = helloOf(frame);
    if (!isSyn(frame) || !hasFlag(frame, 'ACK') || hello === undefined) return;
    this.#answered(frame, hello);
  }

  /** Of a resumption, the right answer may still come. */
  violated(error: Payload): void {
    if (this.phase !== 'opening') return;
    this.to.close(error, 'in_doubt');
    this.core.emit({ type: 'disconnect' });
  }

  override timeout(): void {
    super.timeout();
    if (!this.is_over && this.core.now_ms >= this.#again_ms) this.#ask();
  }

  protected override late(): void {
    this.#waits = false;
    this.#again_ms = Number.POSITIVE_INFINITY;
    super.late();
  }

  #ask(): void {
    if (this.#asked === undefined) return;
    this.#sends += 1;
    const { limits, options, now_ms } = this.core;
    const wait_ms = Math.min(limits.rto_max_ms, limits.rto_first_ms * 2 ** (this.#sends - 1));
    this.#again_ms = now_ms + spread_ms(wait_ms, options.ports.rng);
    this.core.transmit(this.#asked);
  }

  #answered(frame: Frame, hello: HelloContent): void {
    const resumed = this.phase === 'resuming';
    const { core, store } = this;
    core.agreed = granted(core, frame, hello);
    core.peer_pending = pendingOf(hello);
    core.peer_window = core.agreed.window;
    if (frame.msg_seq > this.#token_seq) {
      this.#token_seq = frame.msg_seq;
      store.token = hello.resume_token;
    }
    core.journal.touch(store);
    this.#asked = undefined;
    this.#again_ms = Number.POSITIVE_INFINITY;
    this.established(resumed, hello.acks ?? []);
  }
}
