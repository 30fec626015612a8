import type { Rng } from '@atp-router/kernel';

/** Bounds of the retransmission time, in milliseconds. */
export interface RtoBounds {
  readonly rto_first_ms: number;
  readonly rto_min_ms: number;
  readonly rto_max_ms: number;
}

/** Smoothed round-trip time and the retransmission time that follows from it (RFC 6298 §2). Milliseconds. */
export class RoundTrip {
  readonly #bounds: RtoBounds;
  #srtt_ms = 0;
  #var_ms = 0;
  #sampled = false;

  constructor(bounds: RtoBounds) {
    this.#bounds = bounds;
  }

  get is_measured(): boolean {
    return this.#sampled;
  }

  /** What is assumed before the first sample. */
  get srtt_ms(): number {
    return this.#sampled ? this.#srtt_ms : this.#bounds.rto_first_ms;
  }

  /** Of something that was sent once (Karn's algorithm): the caller leaves out what was sent again. */
  sample(rtt_ms: number): void {
    if (this.#sampled) {
      this.#var_ms += (Math.abs(this.#srtt_ms - rtt_ms) - this.#var_ms) / 4;
      this.#srtt_ms += (rtt_ms - this.#srtt_ms) / 8;
      return;
    }
    this.#srtt_ms = rtt_ms;
    this.#var_ms = rtt_ms / 2;
    this.#sampled = true;
  }

  /** Doubled for every sending after the first. */
  rto_ms(sends: number): number {
    const { rto_first_ms, rto_min_ms, rto_max_ms } = this.#bounds;
    const base = this.#sampled ? this.#srtt_ms + 4 * this.#var_ms : rto_first_ms;
    return Math.min(rto_max_ms, Math.max(rto_min_ms, base) * 2 ** Math.min(sends - 1, 16));
  }
}

/** Spread by a fifth to both sides, so that ends that began together do not stay together. */
export function spread_ms(duration_ms: number, rng: Rng): number {
  return duration_ms * (0.8 + 0.4 * rng.next());
}
