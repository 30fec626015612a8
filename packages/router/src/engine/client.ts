import type { AtpError } from '@atp-router/kernel';
import type { Bytes } from '../relay/types.ts';

/** What the answer's head carries; known in full for whole answers, in part when a stream begins. */
export interface AnswerMeta {
  readonly call_id: string;
  readonly model?: string | undefined;
  readonly attempts?: number | undefined;
  readonly cost_usd_micros?: number | undefined;
  /** Of all attempts, where it is known. */
  readonly energy_joules?: number | undefined;
  readonly co2e_mg?: number | undefined;
  readonly ignored?: readonly string[] | undefined;
  readonly tenant?: string | undefined;
  readonly replayed?: boolean | undefined;
  /** It was said before, and how alike what was asked is. */
  readonly cache?: string | undefined;
  /** The answer was made up by the simulator. */
  readonly simulated?: boolean | undefined;
  /** The model is still served, but will not be for long. */
  readonly deprecated?: boolean | undefined;
}

/** The client's side of a call, as a driver (HTTP today) gives it to the engine. */
export interface ClientSink {
  /** The shadow model that is asked the same when this is answered. Absent: none is. */
  readonly challenger?: string | undefined;
  answer(meta: AnswerMeta, body: Bytes): void;
  /** Head of a streamed answer. */
  begin(meta: AnswerMeta): void;
  /** False: the client is slow, wait for `onDrain`. */
  write(chunk: Bytes): boolean;
  end(chunks: readonly Bytes[]): void;
  /** Before `begin` an error answer; after it an error inside the stream, which then ends. */
  fail(error: AtpError, meta: AnswerMeta): void;
  /** Breaks the connection: what could be said otherwise failed. */
  cut(): void;
  onDrain(run: () => void): void;
  /** The client went away before the answer was complete. */
  onGone(run: () => void): void;
}
