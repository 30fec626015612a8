import type { StageSummary } from '@atp-router/call';
import type { HostedUses, Usage } from '@atp-router/kernel';
import type { AtpField, PromptUsage, RemoteError } from '@atp-router/dialects';

export type Bytes = string | Uint8Array;

/**
 * One attempt's conversation with an upstream, in terms that know no API shape: what to send, how to read the answer,
 * what to hand to the client. Made per attempt, because each target may speak another shape.
 */
export interface AttemptCodec {
  /** The upstream request body, JSON text. */
  readonly body: string;
  /** Headers of this request besides the target's own: flat list of name and value, lower-case names. */
  readonly headers?: readonly string[];
  /** Hints and dropped fields, for `x-atp-ignored`. */
  readonly ignored: readonly string[];
  /** Goes before everything else of a stream (`ask` tells its plan). */
  readonly preamble?: string;
  /** Reads a whole answer. Throws `AtpError` when it is not an answer of the upstream's shape. */
  whole(body: Uint8Array): WholeAnswer;
  /** Opens the reader of a streamed answer. */
  stream(): StreamRelay;
  /** Reads an error answer (status ≥ 400). */
  error(status: number, body: string): RemoteError;
  /** Tells the stages of an attempt that did not end well; of a good end they hear by `render`, `finish` or `finishEarly`. */
  ended?(end: StageSummary): void;
}

export interface WholeAnswer {
  /** The provider's answer was that it failed; it is no answer for a client, but its usage counts. */
  readonly error?: RemoteError;
  /** Absent when the provider did not report it. */
  readonly usage: Usage | undefined;
  /** Tools that ran at the provider, by its own report. */
  readonly hosted_uses?: HostedUses | undefined;
  /** Output tokens as the router counts them, for answers without usage and for calibration. */
  readonly counted_out_tokens: number;
  /** The client's body, once the cost is known; `ended_s` is the Unix time now. Throws `AtpError` for a stage's refusal. */
  render(atp: AtpField, end: StageSummary, ended_s: number): Bytes;
}

/** What one upstream chunk amounts to. Reused between calls: read it before the next `push`. */
export interface StreamStep {
  /** Bytes for the client now, in order. */
  readonly out: Bytes[];
  /** The upstream reported this error inside its stream. */
  error: RemoteError | undefined;
}

/**
 * Reads one upstream stream and turns it into the client's. The finish and everything after it is held until `finish`,
 * because it carries the cost.
 */
export interface StreamRelay {
  /** Throws `AtpError` for malformed frames and for a stage's refusal. */
  push(chunk: Uint8Array): StreamStep;
  /** The upstream's bytes are over: reads a last frame that nothing ended. Then `is_complete` is final. */
  end(): StreamStep;
  /** Something a reader would see (text, a tool call, …) has been read: the moment to commit to this attempt. */
  readonly has_content: boolean;
  /** Every choice finished, or the shape's own end mark was seen: an EOF is a normal end. */
  readonly is_complete: boolean;
  readonly usage: Usage | undefined;
  /** Tools that ran at the provider, as far as the stream has shown them. */
  readonly hosted_uses?: HostedUses | undefined;
  /** What the prompt costs, where the provider tells it before the end. */
  readonly prompt: PromptUsage | undefined;
  readonly counted_out_tokens: number;
  /** Bytes that were held back for the finish, with the cost written in. Throws `AtpError` for a stage's refusal. */
  finish(atp: AtpField, end: StageSummary, ended_s: number): Bytes[];
  /**
   * Ends early on the router's own decision (budget): a normal end by length in the client's shape. Absent where the
   * call does not want it.
   */
  finishEarly?(atp: AtpField, end: StageSummary, ended_s: number): Bytes[];
}
