import type { MessageSpan } from '@atp-router/adapters';
import type { Clock } from '@atp-router/kernel';
import type { SessionEffect } from '@atp-router/session';
import type { Frame } from '@atp-router/wire';
import { readTrace } from '../http/headers.ts';

/** Tasks of one session whose traces are remembered; a client cannot have more streams open. */
const TRACED_MAX = 1_000;

type Trace = NonNullable<ReturnType<typeof readTrace>>;

/** The spans of messages of one session, for tasks whose client traces them: how long their ways took, beside the call. */
export class MessageTraces {
  readonly #clock: Clock;
  readonly #tell: (span: MessageSpan) => void;
  readonly #traces: Map<string, Trace> = new Map();

  constructor(clock: Clock, tell: (span: MessageSpan) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** The first message of a task. */
  onTask({ id, frame, assembled }: Extract<SessionEffect, { type: 'deliver' }>): void {
    const trace = traceOf(frame);
    if (trace?.trace_sampled !== true || this.#traces.size >= TRACED_MAX) return;
    this.#traces.set(id.lane.stream_id, trace);
    if (assembled !== undefined)
      this.#span('atp.reassembly', trace, assembled.ms, { fragments: assembled.fragments, id });
  }

  /** One of the answer has arrived at the client. */
  onAcknowledged({ id, sent }: Extract<SessionEffect, { type: 'acknowledged' }>): void {
    const trace = this.#traces.get(id.lane.stream_id);
    if (trace !== undefined) this.#span('atp.ack', trace, sent.ms, { ...sent, id });
  }

  onClosed(stream_id: string): void {
    this.#traces.delete(stream_id);
  }

  #span(
    name: MessageSpan['name'],
    { trace_id, parent_span_id }: Trace,
    duration_ms: number,
    { id, fragments, sends }: Pick<MessageSpan, 'id' | 'fragments' | 'sends'>,
  ): void {
    const ended_ms = this.#clock.now_ms();
    const times = { started_ms: ended_ms - duration_ms, ended_ms };
    this.#tell({ name, trace_id, parent_span_id, ...times, id, fragments, ...(sends !== undefined && { sends }) });
  }
}

function traceOf({ meta }: Frame): Trace | undefined {
  return meta?.trace === undefined ? undefined : readTrace(meta.trace);
}
