import { type LimitName, SESSION_LIMITS } from './limits.ts';

/** One limit or timer of a session: its default and why it is that. `docs/protocol/atp-sessions.md` has them all. */
export interface SessionLimit {
  readonly value: number;
  /** What it bounds, and what happens there. */
  readonly bounds: string;
  readonly why: string;
}

const limit = (name: LimitName, bounds: string, why: string): SessionLimit => ({
  value: SESSION_LIMITS[name],
  bounds,
  why,
});

/** For documents. */
export const SESSION_LIMIT_TABLE: Readonly<Record<LimitName, SessionLimit>> = {
  handshake_ms: limit(
    'handshake_ms',
    'From the connection to the answer of the handshake; then the connection, or a new session, is given up.',
    'Three sendings of the SYN at a round trip of a second.',
  ),
  interval_ms: limit(
    'interval_ms',
    'Without a heartbeat sent; then one is.',
    'A third of what most load balancers allow at least.',
  ),
  silent_intervals: limit(
    'silent_intervals',
    'Intervals in which nothing was read; then the connection is lost.',
    'Two lost heartbeats in a row are no end yet.',
  ),
  idle_fin_ms: limit(
    'idle_fin_ms',
    'Without a message and without an open stream; then the server sends FIN.',
    'Agents pause for minutes between tasks; a resumption costs less than a session that is kept.',
  ),
  resume_ttl_ms: limit(
    'resume_ttl_ms',
    'Without a connection; then the session is closed.',
    'A change of network or a restart of the router takes less.',
  ),
  linger_ms: limit(
    'linger_ms',
    'In which a server that is done answers a FIN that is sent again.',
    'Two sendings at the first retransmission time.',
  ),
  rto_first_ms: limit('rto_first_ms', 'Retransmission time before there is a sample.', 'RFC 6298 §2.1.'),
  rto_min_ms: limit(
    'rto_min_ms',
    'Least retransmission time.',
    'Above the delay of acknowledgements; what Linux has for TCP.',
  ),
  rto_max_ms: limit(
    'rto_max_ms',
    'Largest retransmission time.',
    'Three sendings within the resend lifetime at least.',
  ),
  resend_lifetime_ms: limit(
    'resend_lifetime_ms',
    'From the first sending of a message, and from the begin of a gap; then it is withdrawn, or has failed.',
    'Ten sendings with back-off; whoever waits for an agent gives up later.',
  ),
  gap_ms: limit('gap_ms', 'Age of a gap that is asked for.', 'The fact of the protocol; reordering is over by then.'),
  ack_delay_ms: limit('ack_delay_ms', 'Age of what is not acknowledged.', 'A tenth of the least retransmission time.'),
  ack_messages: limit(
    'ack_messages',
    'Messages that are not acknowledged.',
    'A frame of acknowledgement for sixteen costs little.',
  ),
  window_interval_ms: limit(
    'window_interval_ms',
    'Between two small changes of the window that are told.',
    'The fact of flow control.',
  ),
  pause_grace_ms: limit(
    'pause_grace_ms',
    'In which an agent that says PAUSE may still be given work.',
    'What is on its way arrives.',
  ),
  pending_messages: limit(
    'pending_messages',
    'Messages of a lane that are taken before the first is consumed; beyond, a frame is dropped (S22).',
    'A second of output of a fast model, one message for each token.',
  ),
  streams: limit(
    'streams',
    'Streams of the other end that are open; a further one is refused with EWINDOW.',
    'The largest `max_parallel` there is.',
  ),
  lanes: limit(
    'lanes',
    'Lanes of a stream in each direction; a further one is refused with EWINDOW.',
    'The targets of a dispatch, and the main lane.',
  ),
  session_lanes: limit(
    'session_lanes',
    'Lanes of the other end with a persona or clone, in all streams; what opens a further one is dropped (S22), and where it is withdrawn its stream is refused with EWINDOW.',
    'Eight for each stream that can be open; about 5 MB.',
  ),
  gaps: limit(
    'gaps',
    'Messages of all lanes that are missing, or have failed and wait for an earlier one; a frame that leaves out more is dropped (S22).',
    'Four times what an end like this one has on its way.',
  ),
  turn: limit(
    'turn',
    'Missing messages and fragments that are named or given up, and frames that are sent again, at a time; the rest follows 25 ms later.',
    'A few milliseconds of work, in which other sessions wait.',
  ),
  resets: limit(
    'resets',
    'Aborted streams whose end the other has not confirmed; beyond, the session is aborted.',
    'Four times the streams that can be open.',
  ),
  lingering: limit(
    'lingering',
    'Closed streams in which a message failed: the sender may ask again. The oldest is forgotten.',
    'Failures are rare; a sender asks for a resend lifetime and no longer.',
  ),
  unsettled_messages: limit(
    'unsettled_messages',
    'Messages of all lanes that are sent and not settled; a further one is refused as full.',
    'Sixteen lanes with all that they may have pending.',
  ),
  outbox_bytes: limit(
    'outbox_bytes',
    'Content of them, roughly; a further message is refused as full.',
    'Four messages of the largest size.',
  ),
  flight_bytes: limit(
    'flight_bytes',
    'Content of what was sent and is not settled, roughly; a further message waits, unless it is the only one.',
    'With one message of the largest size it fits into what a receiver keeps of incomplete messages.',
  ),
  waiting_bytes: limit(
    'waiting_bytes',
    'Frames of complete messages that wait for earlier ones; beyond, a frame is dropped (S22).',
    'As much as messages that are incomplete may take.',
  ),
  resend_fragments: limit(
    'resend_fragments',
    'Fragments of a message that are sent again when the retransmission time passes; frames that are sent again in one turn because they were named as missing.',
    'The last one is among them: from then on the receiver names what is missing.',
  ),
  resend_turn_ms: limit(
    'resend_turn_ms',
    'Between two such turns, and at least between two sendings of a message that is named as missing; an earlier word is ignored.',
    'Half of the least retransmission time: a peer that makes the round trip seem short gets no more.',
  ),
  signature_skew_ms: limit(
    'signature_skew_ms',
    'Between a signature and the wall clock of its reader.',
    'Clocks without NTP.',
  ),
  nonces: limit(
    'nonces',
    'Nonces that are remembered; beyond, those with the lowest `ts` are forgotten (S36).',
    'Five seconds of 50,000 frames each: far more than frames overtake each other by. At most 8 MiB.',
  ),
};
