/**
 * Hard defaults of the data plane. Each has a reason; configuration may change them within bounds, nothing may remove
 * them.
 */
export interface Limits {
  /** Request body. 32 MiB carries a dozen base64 images, which is what the large providers accept. */
  readonly body_bytes: number;
  /** All request headers together; the default of most HTTP servers. */
  readonly header_bytes: number;
  /** Nesting of request JSON. Tool schemas in the wild stay below 20. */
  readonly json_depth: number;
  /**
   * Elements and fields of request JSON. Reading so many takes up to a fifth of a second, in which nobody else is served;
   * the largest inputs of embeddings, as numbers, stay below.
   */
  readonly json_values: number;
  readonly messages: number;
  /** Providers refuse more than 128 functions. */
  readonly tools: number;
  /** One SSE frame or NDJSON line from an upstream. */
  readonly frame_bytes: number;
  /** A whole non-streamed upstream answer. */
  readonly answer_bytes: number;
  /** Total bytes of one streamed answer. */
  readonly stream_bytes: number;
  readonly stream_duration_ms: number;
  /** Silence of an upstream or of a client's body before the call is given up. */
  readonly idle_ms: number;
  /**
   * From the headers of a request to the end of its body: a body that drips is never silent. Five minutes carry 32 MiB
   * over a link of one megabit per second, and are what node:http gives a whole request.
   */
  readonly body_duration_ms: number;
  /**
   * Silence in a client's stream after which a comment keeps the connection alive, within twice of it; 0: never. Two of
   * them fit into the 60 s after which nginx and most load balancers take a connection for dead.
   */
  readonly keep_alive_ms: number;
  /** Bytes that wait for a slow client before the upstream socket is paused. */
  readonly relay_high_water_bytes: number;
  /** What a stage may keep back from the stream. */
  readonly hold_back_bytes: number;
  /** Calls in flight in the whole process; more are refused with `backpressure`. */
  readonly calls_in_flight: number;
}

export const DEFAULT_LIMITS: Limits = {
  body_bytes: 33_554_432,
  header_bytes: 16_384,
  json_depth: 64,
  json_values: 400_000,
  messages: 10_000,
  tools: 128,
  frame_bytes: 4_194_304,
  answer_bytes: 67_108_864,
  stream_bytes: 268_435_456,
  stream_duration_ms: 3_600_000,
  idle_ms: 120_000,
  body_duration_ms: 300_000,
  keep_alive_ms: 25_000,
  relay_high_water_bytes: 65_536,
  hold_back_bytes: 262_144,
  calls_in_flight: 20_000,
};
