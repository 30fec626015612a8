import type { Outgoing } from '@atp-router/session';
import { encodeJson, isFrameError, PROTOCOL_MAJOR, WIRE_LIMITS } from '@atp-router/wire';
import { AtpTaskError } from './errors.ts';

/** A message that is too large for a frame goes in fragments; everything else that a frame may not be holds. */
const ANY_SIZE = { ...WIRE_LIMITS, frame_bytes: Number.POSITIVE_INFINITY };

/** Throws `FrameError` for a message that no frame carries, before a session takes it and sends it for ever. */
export function checkSendable(session_id: string, { payload, meta, qos }: Outgoing): void {
  encodeJson(
    {
      ...{ v: PROTOCOL_MAJOR, session_id, stream_id: '1', msg_seq: 0 },
      ...(payload && { payload }),
      ...(meta && { meta }),
      ...(qos && { qos }),
    },
    ANY_SIZE,
  );
}

/** The error for whoever gave what cannot be sent. It names the place, and holds no value of the program. */
export function unsendable(what: string, thrown: unknown): AtpTaskError {
  const fault = isFrameError(thrown) ? thrown : undefined;
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  const details = fault?.toContent().details;
  return new AtpTaskError({ code: 'EPROTO', reason: `${what} cannot be sent: ${why}.`, ...(details && { details }) });
}
