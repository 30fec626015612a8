import {
  type AtpField,
  type Choice,
  encodePlan,
  type StreamEncodeContext,
  type StreamEncoder,
} from '@atp-router/dialects';
import type { JsonObject, Usage } from '@atp-router/kernel';
import type { AnswerMeta, ClientSink } from '../engine/client.ts';
import type { Bytes } from '../relay/types.ts';
import type { AdmittedCall } from '../engine/env.ts';
import type { Fanout, LaneFacet } from './types.ts';

/** Told what goes to the client, for who repeats the call. */
export type Sent = (bytes: Bytes) => void;

/**
 * The answer of a fan-out in its client's shape: its text, as it settles or at the end, and beside it what the reconciling
 * says. A provisional result is told to those who read a stream, in an event that others leave alone.
 */
export class Reply {
  readonly #call: AdmittedCall;
  readonly #facet: LaneFacet;
  readonly #sink: ClientSink;
  readonly #sent: Sent;
  readonly #model: string;
  /** Of a cascade it is one model that answers, as without one. */
  #answered_by: string | undefined;
  #encoder: StreamEncoder | undefined;
  #told = '';
  #calls = 0;

  constructor(call: AdmittedCall, { facet, policy, choice }: Pick<Fanout, 'facet' | 'policy' | 'choice'>, sent: Sent) {
    this.#call = call;
    this.#facet = facet;
    this.#sink = call.sink;
    this.#model = choice === undefined ? `policy:${policy}` : call.head.requested_model;
    this.#sent = sent;
  }

  /** What the answer says that it is of. */
  get model(): string {
    return this.#answered_by ?? this.#model;
  }

  /** Before the end: of a cascade it is one model that answers, as without one. */
  isOf(model: string | undefined): void {
    this.#answered_by = model;
  }

  /** A stream has begun: errors have to be told within it. */
  get begun(): boolean {
    return this.#encoder !== undefined;
  }

  /** What will not change any more. Whole answers come whole. */
  partial(text: string, meta: AnswerMeta): void {
    if (!this.#call.head.stream) return;
    this.#told += text;
    this.#write(this.#open(meta).push({ type: 'text', choice: 0, delta: text }));
  }

  provisional(fields: JsonObject, meta: AnswerMeta): void {
    if (!this.#call.head.stream) return;
    this.#write(this.#open(meta).provisional(fields));
  }

  /** The bytes of the end; `begin` has been called for a stream. */
  last(choice: Choice, usage: Usage, atp: AtpField, ended_s: number, meta: AnswerMeta): Bytes[] {
    const { dialect, body } = this.#facet;
    if (!this.#call.head.stream) {
      const response = {
        id: this.#call.head.call_id,
        model: this.model,
        created_s: this.#created_s,
        choices: [choice],
        usage,
      };
      const encoded = dialect.encodeResponse(response, { ...this.#context, request: body, atp, ended_s });
      return [JSON.stringify({ ...encoded, atp: encoded['atp'] ?? atp })];
    }
    const encoder = this.#open(meta);
    let text = '';
    for (const part of choice.parts) text += this.#part(encoder, part);
    text += encoder.push({ type: 'finish', choice: 0, reason: choice.finish });
    text += encoder.push({ type: 'usage', usage });
    return [text + encoder.finish(atp, ended_s)];
  }

  #part(encoder: StreamEncoder, part: Choice['parts'][number]): string {
    switch (part.type) {
      case 'text': {
        const rest = this.#rest(part.text);
        return rest === '' ? '' : encoder.push({ type: 'text', choice: 0, delta: rest });
      }
      case 'refusal':
        return encoder.push({ type: 'refusal', choice: 0, delta: part.text });
      case 'tool_call': {
        const index = this.#calls;
        this.#calls += 1;
        const { id, name, args_json } = part;
        return (
          encoder.push({ type: 'tool_call', choice: 0, index, id, name }) +
          encoder.push({ type: 'tool_args', choice: 0, index, delta: args_json })
        );
      }
      default:
        return '';
    }
  }

  /** What of a text is still to be told. The beginning of an answer has been, which may be several of its parts. */
  #rest(text: string): string {
    const told = this.#told;
    const is_told = told.startsWith(text);
    this.#told = is_told ? told.slice(text.length) : '';
    if (is_told) return '';
    return text.startsWith(told) ? text.slice(told.length) : text;
  }

  #open(meta: AnswerMeta): StreamEncoder {
    if (this.#encoder !== undefined) return this.#encoder;
    this.#encoder = this.#facet.dialect.streamEncoder(this.#context);
    this.#sink.begin(meta);
    const { call_id } = this.#call.head;
    const start = { type: 'start', id: call_id, model: this.model, created_s: this.#created_s } as const;
    this.#write(this.#preamble + this.#encoder.push(start));
    return this.#encoder;
  }

  #write(text: string): void {
    if (text === '') return;
    this.#sent(text);
    // What is settled is small beside what lanes say, which is bounded: a slow client is written ahead of.
    this.#sink.write(text);
  }

  get #preamble(): string {
    return this.#facet.dialect.id === 'ask' ? encodePlan(this.#call.route) : '';
  }

  get #created_s(): number {
    return Math.floor(this.#call.head.started_ms / 1_000);
  }

  get #context(): StreamEncodeContext {
    return {
      id: this.#call.head.call_id,
      model: this.model,
      created_s: this.#created_s,
      include_usage: this.#facet.include_usage,
      request: this.#facet.body,
      ...(this.#facet.dialect.id === 'ask' ? { plan: this.#call.route } : {}),
    };
  }
}
