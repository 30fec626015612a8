import type {
  Acknowledgement,
  AgentStatus,
  Frame,
  Lane,
  MessageId,
  Meta,
  Payload,
  SignatureFault,
  Window,
} from '@atp-router/wire';
import type { Qos } from '@atp-router/kernel';

/** What a session is asked to send: one message of a lane, whole. The session numbers, cuts, signs and repeats it. */
export interface Outgoing {
  readonly payload?: Payload;
  readonly meta?: Meta;
  readonly qos?: Qos;
  readonly ttl?: number;
}

/** Why a message never arrived, or may not have. */
export type FailureReason =
  /**
   * It was not handed on, and will not be: its resend lifetime is over at one of the ends, or it had not been sent when its
   * stream or session ended.
   */
  | 'expired'
  /** Its fragments contradict each other, or do not fit their root. Only its receiver knows. */
  | 'corrupt'
  /** It is larger, or in more fragments, than its receiver takes (W61). Only its receiver knows. */
  | 'too_large'
  /** Its stream or session was aborted after it had been sent: it may have arrived before that (S21, S29). */
  | 'reset'
  /** The session ended without a connection: the message may have arrived (S32). */
  | 'in_doubt';

/** What happens to a session. Each comes with the monotone time, except for those that the caller only asks for. */
export type SessionInput =
  /**
   * A connection is there, and the only one from now on. A client opens or resumes on it; a server's first frame follows.
   * `wall_ms` dates the signatures until a frame has come; only needed with the feature `sig`.
   */
  | { readonly type: 'connected'; readonly wall_ms?: number }
  | { readonly type: 'disconnected' }
  /** A frame, decoded and within the wire's limits. `bytes` is its size as it came; `wall_ms` judges its signature. */
  | { readonly type: 'frame'; readonly frame: Frame; readonly bytes: number; readonly wall_ms: number }
  /** `deadline_ms` has come. */
  | { readonly type: 'timeout' }
  /**
   * A message on a stream that is open, or that it opens: `next_stream_id` of the session, main lane. It gets the next
   * number of its lane, or is `refused`. `beyond`: the stream that it opens may be one more than an agent suggests (S25).
   */
  | {
      readonly type: 'send';
      readonly lane: Lane;
      readonly message: Outgoing;
      readonly fin?: boolean;
      readonly beyond?: boolean;
    }
  /**
   * The application is done with a message: its place in the lane is free, and it need not be kept. Also of a message of the
   * other end that was reported as failed: it need not be reported again.
   */
  | { readonly type: 'consumed'; readonly id: MessageId }
  /** Everything up to this mark of a `save` is where a successor finds it. */
  | { readonly type: 'saved'; readonly mark: number }
  | { readonly type: 'reset'; readonly stream_id: string; readonly error: Payload }
  | { readonly type: 'window'; readonly window: Window }
  /**
   * What this end says of itself. The session keeps the newest, also before it is established and where there is no room,
   * and says it until it has arrived; nothing is reported of its messages. A `send` of a `control.status` does the same.
   */
  | { readonly type: 'status'; readonly status: AgentStatus; readonly suggested_window?: Window }
  /** The way to this end is crowded: the frames that it sends say so for a while (ECN). */
  | { readonly type: 'crowded'; readonly crowded: boolean }
  /** No new streams; ends with `FIN` when all are closed. */
  | { readonly type: 'finish' };

export type SessionEffect =
  | { readonly type: 'send'; readonly frame: Frame }
  /** The handshake is done, or the session was resumed. */
  | { readonly type: 'established'; readonly resumed: boolean; readonly agreed: Agreed }
  /** The other end opened a stream; its first message follows. */
  | { readonly type: 'stream_opened'; readonly stream_id: string }
  /** A message in its order. `again`: it may have been delivered before a restart. */
  | {
      readonly type: 'deliver';
      readonly id: MessageId;
      readonly frame: Frame;
      readonly fin: boolean;
      readonly again: boolean;
      /** Of a message that came in fragments. */
      readonly assembled?: Assembled;
    }
  /** A message of this end has arrived. */
  | { readonly type: 'acknowledged'; readonly id: MessageId; readonly sent: Sent }
  /** A message has failed: one of this end (`out`) or one of the other (`in`), whose place in the order this is. */
  | {
      readonly type: 'failed';
      readonly way: 'in' | 'out';
      readonly id: MessageId;
      readonly reason: FailureReason;
      /** It may have been reported before a restart. */
      readonly again?: boolean;
    }
  /**
   * A message was not taken, and has no number. `full`: too much is not settled, `window`: the other end takes no further
   * stream; `writable` follows. `closed`: this end has ended the stream or the session, or the stream is not there.
   */
  | { readonly type: 'refused'; readonly lane: Lane; readonly why: 'full' | 'window' | 'closed' }
  /** A lane that refused takes messages again. */
  | { readonly type: 'writable'; readonly lane: Lane }
  /** `refused`: this end has aborted it, because of a frame that breaks a rule (W64). */
  | { readonly type: 'stream_closed'; readonly stream_id: string; readonly error?: Payload; readonly refused?: true }
  | { readonly type: 'peer_window'; readonly window: Window }
  /** A frame of the other end had ECN: what this end sends crowds its way (S15). */
  | { readonly type: 'peer_crowded' }
  | { readonly type: 'peer_status'; readonly status: AgentStatus; readonly suggested_window?: Window }
  /** To be kept before what follows from it is acknowledged; answered with `saved`. Only with `durable`. */
  | { readonly type: 'save'; readonly mark: number; readonly changes: readonly StoredChange[] }
  /**
   * A frame had no good signature. For the log of this end alone: the other one is told the same, whatever it was. `skew_ms`: how
   * far its time is ahead of this end's clock.
   */
  | { readonly type: 'unauthentic'; readonly fault: SignatureFault | 'clock'; readonly skew_ms?: number }
  /** The connection is of no use any more: close it. */
  | { readonly type: 'disconnect' }
  /** Nothing follows. The store may forget the session. */
  | { readonly type: 'closed'; readonly error?: Payload };

/** How a message was put together: session time from its first fragment to its last. */
export interface Assembled {
  readonly fragments: number;
  readonly ms: number;
}

/** How a message went out: session time from its first sending to its acknowledgement; 0 for one that a predecessor sent. */
export interface Sent {
  readonly fragments: number;
  readonly ms: number;
  /** Sendings of the whole message, on all connections. */
  readonly sends: number;
}

/** What the handshake settled. */
export interface Agreed {
  readonly session_id: string;
  readonly encoding: 'json' | 'cbor';
  readonly features: readonly string[];
  readonly compression?: string;
  readonly interval_ms: number;
  readonly idle_fin_ms: number;
  readonly resume_ttl_ms: number;
  readonly peer_node_id?: string;
  readonly window: Window;
}

/**
 * One change of what a store keeps of a session; each is idempotent. Plain data. None grows with how many streams, aborts or
 * awaited numbers a session has: an input costs what it changes.
 */
export type StoredChange =
  | { readonly put: 'session'; readonly value: StoredSession }
  | { readonly put: 'numbers'; readonly value: StoredNumbers }
  | { readonly put: 'stream'; readonly value: StoredStream }
  | { readonly put: 'lane'; readonly value: StoredLane }
  | { readonly put: 'reset'; readonly value: StoredReset }
  /** In place of the range with the same `from`. */
  | { readonly put: 'unseen'; readonly value: StoredRange }
  /** A message that arrived, or will not, and is not consumed yet. */
  | ({ readonly put: 'inbox' } & StoredArrival)
  /** A message of this end that is not settled. */
  | { readonly put: 'outbox'; readonly id: MessageId; readonly message: Outgoing; readonly fin: boolean }
  /** A fragment of a message that is not complete. */
  | { readonly put: 'piece'; readonly frame: Frame }
  | { readonly drop: 'inbox' | 'outbox' | 'pieces'; readonly id: MessageId }
  /** With its lanes. What it has in the inbox stays there until it is consumed, and a reset until it is confirmed. */
  | { readonly drop: 'stream'; readonly stream_id: string }
  | { readonly drop: 'reset'; readonly stream_id: string }
  | { readonly drop: 'unseen'; readonly from: number }
  | { readonly drop: 'session' };

/** What is small and changes rarely. */
export interface StoredSession {
  readonly role: 'client' | 'server';
  readonly session_id: string;
  readonly agreed?: Agreed;
  /** SHA-256 of the tokens that are good, base64url. */
  readonly tokens: readonly string[];
  /** A client's own token that is good. */
  readonly token?: string;
  /** Digest of the `SYN`, base64url, as long as nothing else came from the client. */
  readonly syn?: string;
  /** Number of the resumption that a server took last; an older one is of a connection that the client has left. */
  readonly resume_seq?: number;
  /** No control frame of this end has had this number or a higher one. */
  readonly control_seq: number;
  /** What the other end takes of a lane (S8). */
  readonly peer_pending_messages: number;
  readonly peer_status?: { readonly status: AgentStatus; readonly suggested_window?: Window };
  /** What this end said last of itself: a successor says it, or says it again when its message fails. */
  readonly own_status?: StoredStatus;
  readonly peer_window: Window;
  /** Number of the control frame that changed it last: an older one does not (S3). */
  readonly peer_window_seq?: number;
  readonly own_window: Window;
}

/** Number of the stream that this end opens next, and the lowest above all that the other has opened. */
export interface StoredNumbers {
  readonly next_stream: number;
  readonly peer_next_stream: number;
}

/** Every second number from the first to the last: streams of the other end of which nothing has come. */
export interface StoredRange {
  readonly from: number;
  readonly to: number;
}

/** A stream that this end has aborted, and the other has not confirmed that. */
export interface StoredReset {
  readonly stream_id: string;
  readonly error: Payload;
}

export interface StoredStatus {
  readonly message: Outgoing;
  /** Number of the message that has it, in the main lane of stream `0`; absent while it waits for room. */
  readonly msg_seq?: number;
}

/** A message of the other end, or why it failed. */
export type StoredArrival =
  | { readonly id: MessageId; readonly frame: Frame; readonly fin: boolean }
  | { readonly id: MessageId; readonly failed: FailureReason };

/** A stream that is open, or closed and remembered for its failed messages. That of the session itself may be left out. */
export interface StoredStream {
  readonly stream_id: string;
  readonly sent_fin: boolean;
  readonly got_fin: boolean;
}

export interface StoredLane {
  readonly lane: Lane;
  /** Of what arrives: highest number up to which all is settled, −1 at first; and the failed ones around it. */
  readonly settled_up_to: number;
  readonly failed: readonly number[];
  readonly credit: number;
  /** Of what is sent: the next number, and the credit that the other end gave. */
  readonly next_seq: number;
  readonly peer_credit: number;
}

/** What a successor starts from. The order of what is in a list does not matter. */
export interface SessionSnapshot {
  readonly session: StoredSession;
  /** Absent as long as no stream was opened. */
  readonly numbers?: StoredNumbers;
  readonly unseen: readonly StoredRange[];
  readonly streams: readonly StoredStream[];
  readonly resets: readonly StoredReset[];
  readonly lanes: readonly StoredLane[];
  readonly inbox: readonly StoredArrival[];
  readonly outbox: readonly { readonly id: MessageId; readonly message: Outgoing; readonly fin: boolean }[];
  readonly pieces: readonly Frame[];
}

/** The acknowledgement of one lane as this protocol extends it (S17). */
export type LaneAcknowledgement = Acknowledgement;
