/** Bounds and times of a link; both sides should have the same. */
export interface LinkLimits {
  /** One frame with its head. Holds the largest answer of a provider (`answer_bytes`) that is kept for an idempotency key. */
  readonly frame_bytes: number;
  /** Bytes that wait for the other side; then the link is cut. One of the largest frames. */
  readonly unsent_bytes: number;
  /** Open questions, and those being answered; more are refused with `backpressure`. Half of the calls in flight. */
  readonly questions: number;
  /** Time for an answer, unless whoever asks says another. As long as a lease of credit: then the asker is on its own. */
  readonly answer_ms: number;
  /** Silence of this side after which it sends a ping. */
  readonly ping_ms: number;
  /** Silence of the other side after which the link is cut: it has missed two pings. Also its time for the greeting. */
  readonly silence_ms: number;
  /** Pause before the client connects again; doubles with each try that fails. */
  readonly retry_first_ms: number;
  /** Longest such pause. A link that lasted as long begins with the first one again. */
  readonly retry_longest_ms: number;
  /** How long what was sent may take to leave when a link is closed in order. */
  readonly close_ms: number;
  /** Links of one server, those that did not say hello included; more are refused at accept. No machine has as many cores. */
  readonly links: number;
}

export const LINK_LIMITS: LinkLimits = {
  frame_bytes: 67_108_864,
  unsent_bytes: 67_108_864,
  questions: 10_000,
  answer_ms: 10_000,
  ping_ms: 2_000,
  silence_ms: 6_000,
  retry_first_ms: 20,
  retry_longest_ms: 1_000,
  close_ms: 1_000,
  links: 1_024,
};
