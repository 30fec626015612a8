/** One lane of a session that is over, without its words. */
export interface LearnedLane {
  readonly lane: number;
  readonly source: string;
  /** Equal answers have the same number, from 0; -1 where there is none. */
  readonly choice: number;
  /** Absent: nobody waited for it, so nothing is said of its time. */
  readonly in_time?: boolean | undefined;
  readonly is_partial: boolean;
  /** Asked because of what others had said. */
  readonly is_late: boolean;
  readonly share: number;
  readonly evidence?: number | undefined;
}

/**
 * What a session of a fan-out teaches of those who answered, and what is needed to take feedback on it later. One for each
 * session that was not cancelled, behind its `call.ended`. What the router knows of sources is made of these and of
 * `feedback.given`, and of nothing else.
 */
export interface ConsensusLearned {
  readonly type: 'consensus.learned';
  readonly call_id: string;
  readonly tenant: string;
  readonly policy: string;
  /** Kind of the task; absent where it was not told. */
  readonly cluster?: string | undefined;
  /** The strategy that decided. */
  readonly strategy: string;
  /** As the strategy said it, 0 to 1; 0 without a result. */
  readonly confidence: number;
  /** How equal answers are told: `choice`, `number`, `text`, `auto`, `json` or `json:<field>`. */
  readonly answer: string;
  /** Number of the answer that is the result; -1: it is none of them. */
  readonly result: number;
  readonly lanes: readonly LearnedLane[];
  /** Everybody was asked, whatever the others said. */
  readonly is_free: boolean;
  /** What other strategies would have made of the same answers, as far as that costs nothing. */
  readonly others: readonly { readonly kind: string; readonly choice: number }[];
  /** Wall clock, ms since the epoch. */
  readonly at_ms: number;
  /** AES-256-GCM of hashes of the answers, by their numbers, base64: what a label is held against. */
  readonly sealed: string;
}

/** What somebody says of a session who knows what was right. It can be read alone: the session may be gone. */
export interface FeedbackGiven {
  readonly type: 'feedback.given';
  readonly call_id: string;
  readonly tenant: string;
  readonly key_id: string;
  /** Hex SHA-256 of what was given: the same again is no other feedback. */
  readonly body_hash: string;
  readonly policy: string;
  readonly cluster?: string | undefined;
  readonly strategy: string;
  readonly confidence: number;
  /** How right the result was, 0 to 1; absent: nothing was said of it. */
  readonly score?: number | undefined;
  readonly lanes: readonly {
    readonly source: string;
    readonly choice: number;
    /** 0 to 1; absent: nobody knows. */
    readonly right?: number | undefined;
  }[];
  readonly gains: readonly { readonly kind: string; readonly gain: number }[];
  readonly at_ms: number;
}
