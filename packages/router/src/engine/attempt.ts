import type {
  TransportFailure,
  TransportFailureKind,
  UpstreamExchange,
  UpstreamHandler,
  UpstreamHeaders,
} from '@atp-router/adapters';
import type { StageSummary } from '@atp-router/call';
import type { AtpField } from '@atp-router/dialects';
import { type Clock, type HostedUses, type Limits, plausibleUsage, toAtpError, type Usage } from '@atp-router/kernel';
import type { Bytes, StreamRelay, StreamStep, WholeAnswer } from '../relay/types.ts';
import { type AttemptSpec, requestOf } from './attempt-spec.ts';
import { EarlyBytes } from './early-bytes.ts';
import { failureOfRemote, failureOfTransport, malformed, type UpstreamAttemptFailure } from './failures.ts';
import { NO_PROGRESS, type Progress } from './journaled.ts';

/** What an attempt tells its call. Exactly one of `onAnswer`, `onStreamEnd` and `onFailed` ends it. */
export interface AttemptOwner {
  /** Runs what came from the upstream; never throws, whatever that does. */
  guard(run: () => void): void;
  /** First thing a reader would see has arrived: may this attempt's bytes reach the client? */
  onContent(attempt: Attempt): void;
  /** Bytes for the client; only after the attempt was committed. */
  onRelay(attempt: Attempt, chunks: readonly (string | Uint8Array)[]): void;
  onAnswer(attempt: Attempt): void;
  onStreamEnd(attempt: Attempt): void;
  onFailed(attempt: Attempt, failure: UpstreamAttemptFailure): void;
  /** After each chunk: the call may want to reserve more, or to stop. */
  onProgress(attempt: Attempt): void;
}

type Phase =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'sent'; readonly exchange: UpstreamExchange }
  | { readonly kind: 'over' };

/** Error bodies are read for their message only. Their time is that of a silence: `idle_timeout_ms` from the head on. */
const ERROR_BODY_BYTES_MAX = 65_536;

/**
 * One attempt's exchange with one upstream: sends, reads the head, then a whole answer or a stream. It never touches
 * money or the client; its owner does.
 */
export class Attempt implements UpstreamHandler {
  readonly spec: AttemptSpec;
  /** Output tokens reserved so far. */
  reserved_out_tokens = 0;
  /** What the journal knows of its progress. */
  journaled: Progress = NO_PROGRESS;
  /** The request left, or began to: it no longer waits for a connection. */
  reached_upstream = false;
  first_byte_mono_ms: number | undefined;
  upstream_status: number | undefined;
  answer: WholeAnswer | undefined;
  relay: StreamRelay | undefined;
  committed = false;
  /** The router ended it: what was to come, such as final usage, did not. */
  is_cut = false;
  is_booked = false;
  failure: UpstreamAttemptFailure | undefined;
  readonly #owner: AttemptOwner;
  readonly #limits: Limits;
  readonly #clock: Clock;
  #phase: Phase = { kind: 'waiting' };
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  readonly #early: EarlyBytes;
  #content_seen = false;
  #headers: UpstreamHeaders | undefined;

  constructor(spec: AttemptSpec, owner: AttemptOwner, limits: Limits, clock: Clock) {
    this.spec = spec;
    this.#owner = owner;
    this.#limits = limits;
    this.#early = new EarlyBytes(limits.relay_high_water_bytes);
    this.#clock = clock;
  }

  get is_over(): boolean {
    return this.#phase.kind === 'over';
  }

  /** The whole answer has been read, up to what the provider may still say of its end. */
  get is_complete(): boolean {
    return this.answer !== undefined || this.relay?.is_complete === true;
  }

  /** Usage reported so far, by a whole answer or in the stream. */
  get usage(): Usage | undefined {
    return plausibleUsage(this.answer?.usage ?? this.relay?.usage);
  }

  /** Tools that ran at the provider, as far as the answer has shown them. */
  get hosted_uses(): HostedUses | undefined {
    return this.answer?.hosted_uses ?? this.relay?.hosted_uses;
  }

  /** Of what has come, as much as may be charged. */
  get counted_out_tokens(): number {
    const counted = this.answer?.counted_out_tokens ?? this.relay?.counted_out_tokens ?? 0;
    return Math.min(counted, this.spec.caller.billable?.out_tokens ?? Infinity);
  }

  send(): void {
    if (this.#phase.kind !== 'waiting') return;
    const exchange = this.spec.target.provider.transport.send(requestOf(this.spec), this);
    // The transport may have failed within `send`.
    if (!this.is_over) this.#phase = { kind: 'sent', exchange };
    else exchange.cancel();
  }

  /** Stops reading at once and closes the upstream connection. No callback follows. */
  cancel(): void {
    if (this.#phase.kind === 'sent') this.#phase.exchange.cancel();
    this.#phase = { kind: 'over' };
    this.is_cut = true;
    this.#chunks = [];
    this.#early.take();
  }

  pause(): void {
    if (this.#phase.kind === 'sent') this.#phase.exchange.pause();
  }

  resume(): void {
    if (this.#phase.kind === 'sent') this.#phase.exchange.resume();
  }

  /** The call chose this attempt: what was read before goes out first. */
  commit(): void {
    this.committed = true;
    const early = this.#early.take();
    if (early.length > 0) this.#owner.onRelay(this, early);
  }

  /** What its client gets when it has ended well; `early` when the budget ended it. Throws `AtpError` for a stage's refusal. */
  lastBytes(atp: AtpField, end: StageSummary, early: boolean): Bytes[] {
    const ended_s = Math.floor(this.#clock.now_ms() / 1_000);
    if (this.answer !== undefined) return [this.answer.render(atp, end, ended_s)];
    if (early && this.relay?.finishEarly !== undefined) return this.relay.finishEarly(atp, end, ended_s);
    return this.relay?.finish(atp, end, ended_s) ?? [];
  }

  onSent(): void {
    this.reached_upstream = true;
  }

  onHead(status: number, headers: UpstreamHeaders): void {
    this.#owner.guard(() => this.#onHead(status, headers));
  }

  onData(chunk: Uint8Array): void {
    this.#owner.guard(() => this.#onData(chunk));
  }

  onEnd(): void {
    this.#owner.guard(() => this.#onEnd());
  }

  onFail(failure: TransportFailure): void {
    this.#owner.guard(() => this.#onFail(failure));
  }

  #onHead(status: number, headers: UpstreamHeaders): void {
    this.upstream_status = status;
    this.first_byte_mono_ms = this.#clock.mono_ms();
    this.#headers = headers;
    if (status >= 300 || !this.spec.stream) return;
    try {
      this.relay = this.spec.codec.stream();
    } catch (error) {
      this.#stop(malformed(toAtpError(error), this.spec, this.#headers));
    }
  }

  #onData(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.relay !== undefined) this.#onStreamData(this.relay, chunk);
    else this.#collect(chunk);
  }

  #onEnd(): void {
    if (this.is_over) return;
    const status = this.upstream_status ?? 0;
    if (status >= 300) this.#fail(this.#remoteError(status));
    else if (this.relay === undefined) this.#endWhole();
    else if (this.#isWhole(this.relay)) this.#finish(() => this.#owner.onStreamEnd(this));
    else this.#fail(this.#transportFailure('truncated', undefined, this.#headers));
  }

  #onFail(failure: TransportFailure): void {
    // Some servers reset the connection right after the end mark: the answer is whole.
    if (this.relay !== undefined && this.#isWhole(this.relay)) this.#finish(() => this.#owner.onStreamEnd(this));
    else this.#fail(failure.verdict ?? this.#transportFailure(failure.kind, failure.cause, this.#headers));
  }

  #collect(chunk: Uint8Array): void {
    const status = this.upstream_status ?? 0;
    if (status >= 300) this.#collectError(status, chunk);
    else if (this.#bytes > this.#limits.answer_bytes) this.#breakOff('too_large');
    else {
      this.#chunks.push(chunk);
      this.#owner.onProgress(this);
    }
  }

  /** The status says enough: an error that goes on for too long, in bytes or in time, ends with what has come. */
  #collectError(status: number, chunk: Uint8Array): void {
    if (this.#bytes <= ERROR_BODY_BYTES_MAX) this.#chunks.push(chunk);
    const age_ms = this.#clock.mono_ms() - (this.first_byte_mono_ms ?? 0);
    if (this.#bytes <= ERROR_BODY_BYTES_MAX && age_ms <= this.spec.target.provider.idle_timeout_ms) return;
    this.#stop(this.#remoteError(status));
  }

  #onStreamData(relay: StreamRelay, chunk: Uint8Array): void {
    if (this.#bytes > this.#limits.stream_bytes) this.#breakOff('too_large');
    else this.#take(relay, () => relay.push(chunk));
  }

  /** Whether nothing is missing now that no more comes; some servers do not end their last frame. */
  #isWhole(relay: StreamRelay): boolean {
    if (!this.is_over) this.#take(relay, () => relay.end());
    return relay.is_complete;
  }

  #take(relay: StreamRelay, next: () => StreamStep): void {
    let step: StreamStep;
    try {
      step = next();
    } catch (error) {
      this.#stop(malformed(toAtpError(error), this.spec, this.#headers));
      return;
    }
    if (!this.committed) this.#early.add(step.out);
    else if (step.out.length > 0) this.#owner.onRelay(this, step.out);
    if (step.error !== undefined) {
      this.#stop(failureOfRemote(step.error, this.spec.target.provider, undefined, this.#clock.now_ms()));
      return;
    }
    // What fills the buffer is taken for content, whatever it is: nothing else would ever slow its provider down.
    if (!this.#content_seen && (relay.has_content || relay.is_complete || this.#early.is_full)) {
      this.#content_seen = true;
      this.#owner.onContent(this);
    }
    if (!this.is_over) this.#owner.onProgress(this);
  }

  #endWhole(): void {
    try {
      const only = this.#chunks[0];
      const body = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
      this.#chunks = [];
      this.answer = this.spec.codec.whole(body);
    } catch (error) {
      this.#fail(malformed(toAtpError(error), this.spec, this.#headers));
      return;
    }
    const { error } = this.answer;
    if (error !== undefined)
      this.#fail(failureOfRemote(error, this.spec.target.provider, undefined, this.#clock.now_ms()));
    else this.#finish(() => this.#owner.onAnswer(this));
  }

  #remoteError(status: number): UpstreamAttemptFailure {
    const remote = this.spec.codec.error(status, Buffer.concat(this.#chunks).toString('utf8'));
    return failureOfRemote(remote, this.spec.target.provider, this.#headers, this.#clock.now_ms());
  }

  #transportFailure(kind: TransportFailureKind, cause: unknown, headers?: UpstreamHeaders): UpstreamAttemptFailure {
    return failureOfTransport(kind, this.spec.target.provider, cause, this.spec.stream, headers);
  }

  #breakOff(kind: TransportFailureKind): void {
    this.#stop(this.#transportFailure(kind, undefined));
  }

  #stop(failure: UpstreamAttemptFailure): void {
    if (this.#phase.kind === 'sent') this.#phase.exchange.cancel();
    this.#fail(failure);
  }

  #fail(failure: UpstreamAttemptFailure): void {
    if (this.is_over) return;
    this.failure = failure;
    this.#finish(() => this.#owner.onFailed(this, failure));
  }

  #finish(tell: () => void): void {
    if (this.is_over) return;
    this.#phase = { kind: 'over' };
    this.#chunks = [];
    tell();
  }
}
