import type { Frame } from '@atp-router/wire';
import type { Alteration, Link } from '../reference/between.ts';
import type { ReferenceOptions } from '../reference/server.ts';

/** A server that breaks one sentence, and how. */
export interface Mutant {
  /** The sentence. */
  readonly id: string;
  readonly name: string;
  readonly alteration: Alteration;
  /** What the server behind it does otherwise. */
  readonly options?: ReferenceOptions;
}

export function mutant(id: string, name: string, alteration: Alteration, options?: ReferenceOptions): Mutant {
  return { id, name, alteration, ...(options && { options }) };
}

/** The content of a payload, as an object whose members a mutant can change. */
export function contentOf({ payload }: Frame): Record<string, unknown> {
  const content = payload?.content;
  return typeof content === 'object' && content !== null && !Array.isArray(content) && !(content instanceof Uint8Array)
    ? (content as Record<string, unknown>)
    : {};
}

export function withContent(frame: Frame, content: Readonly<Record<string, unknown>>): Frame {
  const { payload } = frame;
  return payload === undefined ? frame : ({ ...frame, payload: { ...payload, content } } as Frame);
}

export function without(frame: Frame, ...names: readonly string[]): Frame {
  return Object.fromEntries(Object.entries(frame).filter(([name]) => !names.includes(name))) as unknown as Frame;
}

export const is = (frame: Frame, ...flags: readonly string[]): boolean =>
  flags.every((flag) => frame.flags?.includes(flag));

/** Acknowledgements of a frame, each changed. */
export function eachAck(frame: Frame, change: (ack: Record<string, unknown>) => Record<string, unknown>): Frame {
  const { acks } = contentOf(frame) as { acks?: Record<string, unknown>[] };
  return acks === undefined ? frame : withContent(frame, { ...contentOf(frame), acks: acks.map(change) });
}

export function omit(from: Record<string, unknown>, ...names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)));
}

/** What a server answers that refuses a frame which it should have taken. */
export function refuse(frame: Frame, link: Link): undefined {
  const payload = { type: 'error', content: { code: 'EPROTO', reason: 'No.', details: { fault: 'value' } } };
  link.toClient({
    ...{ v: 1, session_id: frame.session_id, stream_id: '0', msg_seq: 9_000 },
    flags: ['RST', 'CTRL'],
    payload,
  });
  return undefined;
}

export const keyOf = (frame: Frame): string =>
  [frame.stream_id, frame.payload?.persona_id, frame.payload?.clone_id, frame.msg_seq, frame.frag_seq ?? 0].join();
