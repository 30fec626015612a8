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

/**
 * Bounds of the connections that carry frames: WebSocket, and its fallback over plain HTTP. What a frame itself may be is
 * `WIRE_LIMITS` of the wire.
 */
export interface FrameConnectionLimits {
  /** From the handshake to the first frame; as long as a client has for its headers. Then the connection is closed. */
  readonly first_frame_ms: number;
  /** From the first frame of an HTTP client to the frame that answers it. Then 503: it may ask again. */
  readonly first_answer_ms: number;
  /** Bytes that wait for a slow reader before `send` says so; as for relayed streams. */
  readonly high_water_bytes: number;
  /** Bytes that wait for a slow reader before it is given up, whatever time it had: four of the largest frames. */
  readonly unsent_bytes: number;
  /** How long a closed WebSocket may take to close as well, and to read what was sent before. Then the socket is cut. */
  readonly close_ms: number;
  /** Pieces of one WebSocket message. Each costs memory of its own, so a message in pieces of one byte is refused (1008). */
  readonly message_pieces: number;
  /**
   * Chunks of the network in which one WebSocket message waits for its end. A frame of 1 MiB comes in 16 of 64 KiB, or in
   * 800 packets of Ethernet; a peer that sends single bytes could otherwise make each cost a hundred (1008).
   */
  readonly message_chunks: number;
  /** Answers to pings that wait for a peer that pings and does not read. Then the socket is cut. */
  readonly pending_pongs: number;
  /** Frames from this size on are compressed where that was agreed: smaller ones do not gain what it costs. */
  readonly deflate_from_bytes: number;
  /** Messages in compression or decompression at a time in the whole process, each with up to 300 kB; others wait. */
  readonly deflate_concurrency: number;
  /** Connections of the HTTP fallback; more are refused with `backpressure`. Each holds events for readers that come back. */
  readonly streams: number;
  /** Those of one tenant; more are refused in the same way, and those of others are not. Half of all. */
  readonly tenant_streams: number;
  /** How long such a connection lasts while nobody reads its events. Then it is closed, and the session may be resumed. */
  readonly absent_ms: number;
  /** Silence in events after which a comment keeps the connection alive for proxies; as in streams of calls. */
  readonly heartbeat_ms: number;
  /** Sent events that are kept for a reader that comes back: what may be under way when its connection breaks. */
  readonly kept_events: number;
  /** Bytes of them; the latest one is kept whatever its size. */
  readonly kept_bytes: number;
  /** One request that carries frames. Four of the largest frames, or a thousand of four kilobytes. */
  readonly post_bytes: number;
  /** Frames of one request: a client that has more to send sends another. Decoding them takes a few milliseconds. */
  readonly post_frames: number;
  /** Requests with frames that one connection may have under way; more get `rate_limited`. Their order is not kept. */
  readonly posts_at_once: number;
}

export const FRAME_CONNECTION_LIMITS: FrameConnectionLimits = {
  first_frame_ms: 30_000,
  first_answer_ms: 30_000,
  high_water_bytes: 65_536,
  unsent_bytes: 4_194_304,
  close_ms: 5_000,
  message_pieces: 1_024,
  message_chunks: 16_384,
  pending_pongs: 60,
  deflate_from_bytes: 1_024,
  deflate_concurrency: 8,
  streams: 4_096,
  tenant_streams: 2_048,
  absent_ms: 30_000,
  heartbeat_ms: 25_000,
  kept_events: 1_024,
  kept_bytes: 131_072,
  post_bytes: 4_194_304,
  post_frames: 1_024,
  posts_at_once: 8,
};
