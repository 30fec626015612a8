import type { JsonObject, JsonValue, Usage } from '@atp-router/kernel';
import type { DialectId, FinishReason, PromptUsage, RemoteError } from './model.ts';

/** What a stream is made of, in every shape. `choice` is the index of the alternative, 0 for most. */
export type GenEvent =
  | {
      readonly type: 'start';
      readonly id: string;
      readonly model: string;
      readonly created_s: number;
      /** What the prompt costs, where the shape tells it at the beginning: it counts when the stream is broken off. */
      readonly prompt?: PromptUsage;
    }
  | { readonly type: 'text'; readonly choice: number; readonly delta: string }
  | { readonly type: 'refusal'; readonly choice: number; readonly delta: string }
  | { readonly type: 'thinking'; readonly choice: number; readonly delta: string; readonly origin: DialectId }
  | { readonly type: 'thinking_signature'; readonly choice: number; readonly signature: string }
  | {
      readonly type: 'thinking_redacted';
      readonly choice: number;
      readonly data: string;
      /** The shape that made it; only that shape can use it again. Absent: the one of the preceding thinking. */
      readonly origin?: DialectId;
    }
  | {
      readonly type: 'tool_call';
      readonly choice: number;
      /** Position among the tool calls of this choice, from 0. */
      readonly index: number;
      readonly id: string;
      readonly name: string;
      readonly signature?: string;
    }
  | { readonly type: 'tool_args'; readonly choice: number; readonly index: number; readonly delta: string }
  /** One of `TextPart.annotations`, after its text. */
  | { readonly type: 'annotation'; readonly choice: number; readonly annotation: JsonObject }
  /**
   * A piece of what only its own shape can say: input of a tool that is no function, sound, a picture that emerges. It is
   * seen by readers of that shape and counted; everybody else is told by `opaque`, or not at all. `media`: base64.
   */
  | { readonly type: 'opaque_delta'; readonly choice: number; readonly delta: string; readonly media?: true }
  /** A whole block of `OpaquePart`. */
  | {
      readonly type: 'opaque';
      readonly choice: number;
      readonly origin: DialectId;
      readonly raw: JsonObject;
      /** Sound or a picture whose pieces came before as `opaque_delta`. */
      readonly is_media?: true;
    }
  | { readonly type: 'logprobs'; readonly choice: number; readonly content: JsonValue }
  | { readonly type: 'finish'; readonly choice: number; readonly reason: FinishReason; readonly stop_sequence?: string }
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'error'; readonly error: RemoteError }
  /** The shape's own end-of-stream mark. Without it (and without every `finish`) an EOF is a truncation. */
  | { readonly type: 'end' };
