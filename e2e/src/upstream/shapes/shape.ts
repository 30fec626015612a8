import type { Answer } from '../script.ts';

export type Json = Readonly<Record<string, unknown>>;

/** What a rendering may depend on besides the answer. */
export interface RenderContext {
  /** Running number of the request: ids are made of it. */
  readonly n: number;
  readonly model: string;
  readonly body: Json;
}

/**
 * One API shape as its provider speaks it, written from the vendors' documents and independent of the router's codecs:
 * an error in those must not be repeated here.
 */
export interface Shape {
  readonly id: string;
  /** Whether a path (without the provider's prefix) belongs to the shape. */
  owns(path: string): boolean;
  wantsStream(path: string, body: Json): boolean;
  readonly stream_type: string;
  plain(answer: Answer, ctx: RenderContext): Json;
  frames(answer: Answer, ctx: RenderContext): string[];
  /** Index of the first frame that carries the final usage. */
  usageAt(frames: readonly string[]): number;
  /** Index of the frame that tells the tokens of the prompt ahead of the answer, where a shape has one. */
  readonly prompt_at?: number;
  error(status: number, message: string): Json;
}

export function sse(data: unknown, event?: string): string {
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

/** A token of a text piece with one alternative, in OpenAI's words. */
export function openaiLogprob(token: string): Json {
  const entry = (text: string, logprob: number): Json => ({
    token: text,
    logprob,
    bytes: [...new TextEncoder().encode(text)],
  });
  return { ...entry(token, -0.25), top_logprobs: [entry(token, -0.25), entry('other', -1.5)] };
}

export function findFrame(frames: readonly string[], mark: string): number {
  const at = frames.findIndex((frame) => frame.includes(mark));
  return at < 0 ? frames.length : at;
}

export function joined(pieces: readonly string[] | undefined): string {
  return (pieces ?? []).join('');
}
