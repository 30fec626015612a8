import type { Qos } from '@atp-router/kernel';

/** How large the content of one frame may be before a message is cut into fragments. */
export interface FragmentSizes {
  /** Text and what is written as text, in bytes of UTF-8. */
  readonly text_bytes: number;
  /** Bytes: twice as many, as they are neither escaped nor parsed. */
  readonly binary_bytes: number;
}

export type FragmentPolicy = Readonly<Record<Qos, FragmentSizes>>;

/**
 * Smaller pieces the lower the tier: on a shared connection a frame of gold waits for at most the one frame that is being
 * sent, and its own messages are cut least. 16 KiB is what HTTP/2 sends at once by default.
 */
export const FRAGMENT_POLICY: FragmentPolicy = {
  gold: { text_bytes: 65_536, binary_bytes: 131_072 },
  silver: { text_bytes: 32_768, binary_bytes: 65_536 },
  bronze: { text_bytes: 16_384, binary_bytes: 32_768 },
};

/** What a receiver keeps of messages that are not complete. */
export interface ReassemblyLimits {
  /** Fragments of one message. */
  readonly fragments: number;
  /** Content of one message. */
  readonly message_bytes: number;
  /** Messages that are open at a time. */
  readonly open_messages: number;
  /** All open messages together; each fragment counts as its frame on the wire and `FRAGMENT_COST_BYTES` more. */
  readonly buffer_bytes: number;
  /** Messages that have ended, for telling what comes late from what is new. */
  readonly closed_messages: number;
}

export const REASSEMBLY_LIMITS: ReassemblyLimits = {
  fragments: 4_096,
  message_bytes: 16_777_216,
  open_messages: 64,
  buffer_bytes: 33_554_432,
  closed_messages: 1_024,
};

/** What a stored fragment costs beside its content: an entry of a map, an array's header, a digest. */
export const FRAGMENT_COST_BYTES = 256;
