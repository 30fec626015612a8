/**
 * How many messages may be unacknowledged in all lanes together (S15): no bound of its own until the way is told to be
 * crowded, then half of what was on it, and one message more for every full window that is acknowledged.
 */
export class CongestionWindow {
  readonly #most: number;
  #window: number;
  #acknowledged = 0;
  #halved_ms = Number.NEGATIVE_INFINITY;

  constructor(most: number) {
    this.#most = most;
    this.#window = most;
  }

  get messages(): number {
    return this.#window;
  }

  /** `ECN` was read, or a retransmission time has passed: at most once in a round trip. */
  crowded(in_flight: number, now_ms: number, srtt_ms: number): void {
    if (now_ms - this.#halved_ms < srtt_ms) return;
    this.#halved_ms = now_ms;
    this.#window = Math.max(1, Math.floor(Math.min(this.#window, in_flight) / 2));
    this.#acknowledged = 0;
  }

  acknowledged(messages: number): void {
    if (this.#window >= this.#most) return;
    this.#acknowledged += messages;
    while (this.#acknowledged >= this.#window && this.#window < this.#most) {
      this.#acknowledged -= this.#window;
      this.#window += 1;
    }
  }
}
