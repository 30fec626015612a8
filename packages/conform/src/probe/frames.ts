import type {
  Acknowledgement,
  Frame,
  HelloContent,
  Lane,
  Payload,
  WireErrorContent,
  WireValue,
} from '@atp-router/wire';

/** The main lane of a stream. */
export function mainLane(stream_id: string): Lane {
  return { stream_id, persona_id: '', clone_id: '' };
}

export function has(frame: Frame, ...flags: readonly string[]): boolean {
  return flags.every((flag) => frame.flags?.includes(flag));
}

/** A message or a fragment of one. */
export function isMessage(frame: Frame): boolean {
  return !has(frame, 'CTRL');
}

/** The acknowledgements that a frame has, each with its stream. */
export function acksOf({ payload, stream_id }: Frame): readonly (Acknowledgement & { readonly stream_id: string })[] {
  const type = payload?.type ?? '';
  if (!['control.ack', 'control.window_update', 'control.hello'].includes(type)) return [];
  const { acks = [] } = (payload?.content ?? {}) as { readonly acks?: readonly Acknowledgement[] };
  return acks.map((ack) => ({ ...ack, stream_id: ack.stream_id ?? stream_id }));
}

/** The acknowledgements of one lane in a frame. */
export function acksOfLane(frame: Frame, { stream_id, persona_id, clone_id }: Lane): readonly Acknowledgement[] {
  return acksOf(frame).filter(
    (ack) => ack.stream_id === stream_id && (ack.persona_id ?? '') === persona_id && (ack.clone_id ?? '') === clone_id,
  );
}

export function covers(frame: Frame, lane: Lane, msg_seq: number): boolean {
  return acksOfLane(frame, lane).some(({ ack_msg_up_to = -1 }) => ack_msg_up_to >= msg_seq);
}

export function errorOf({ payload }: Frame): WireErrorContent | undefined {
  return payload?.type === 'error' ? (payload.content as WireErrorContent) : undefined;
}

export function helloOf({ payload }: Frame): HelloContent {
  return (payload?.type === 'control.hello' ? payload.content : {}) as HelloContent;
}

/** A dispatch without a task: it opens a stream and asks for no work. */
export function idleDispatch(session_id: string): Payload {
  return { type: 'agent.dispatch', content: { session_id, targets: [] } };
}

export function dispatch(session_id: string, task: WireValue): Payload {
  return { type: 'agent.dispatch', content: { session_id, targets: [], task } };
}
