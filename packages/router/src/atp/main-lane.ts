import { type Frame, type Lane, laneOf } from '@atp-router/wire';

/** The lane of a stream that names no persona and no clone. */
export function mainLane(stream_id: string): Lane {
  return { stream_id, persona_id: '', clone_id: '' };
}

export function isMain(frame: Frame): boolean {
  const { persona_id, clone_id } = laneOf(frame);
  return persona_id === '' && clone_id === '';
}
