import { type FailureReason, isMainLane, SESSION_STREAM } from '@atp-router/session';
import { errorPayload, type MessageId, type Payload } from '@atp-router/wire';
import { isOwnStream } from './session-peer.ts';

/** Without its first message a stream of the client is no task. Of other lanes and streams nothing hangs on a message. */
export function isOpening({ lane, msg_seq }: MessageId): boolean {
  const { stream_id } = lane;
  if (stream_id === SESSION_STREAM || isOwnStream(stream_id)) return false;
  return msg_seq === 0 && isMainLane(lane);
}

/** Why a stream has no task. What came and cannot be put together is a mistake of its sender (W59). */
export function noTask(reason: FailureReason): Payload {
  switch (reason) {
    case 'corrupt':
      return errorPayload('EPROTO', {
        reason: 'The fragments of the message that opens the stream do not fit each other.',
      });
    case 'too_large':
      return errorPayload('EPROTO', {
        reason: 'The message that opens the stream is larger than a message may be (W61). Shorten it.',
      });
    default:
      return errorPayload('ETIMEOUT', { reason: 'The message that opens the stream did not arrive.' });
  }
}
