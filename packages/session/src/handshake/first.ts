import {
  errorPayload,
  type Frame,
  hasFlag,
  type Payload,
  PROTOCOL_MAJOR,
  type ResumeContent,
  type Window,
} from '@atp-router/wire';
import { SESSION_STREAM } from '../streams/numbers.ts';
import { helloOf, isSyn } from './hello.ts';

/** What the first frame of a connection wants, before there is a session to give it to. */
export type FirstFrame =
  /** A new session, or one whose answer did not arrive: the same `SYN` again. */
  | {
      readonly type: 'open';
      readonly session_id: string;
      readonly token: string | undefined;
      readonly wanted_window: Window;
    }
  /** A session that should be there; `Session.admits` says whether the token is good. */
  | { readonly type: 'resume'; readonly session_id: string }
  /** Neither: to be answered, and the connection closed. */
  | { readonly type: 'refused'; readonly answer: Frame };

/** Names that are shorter could be guessed, or meet by chance (S5). */
const SESSION_ID_MIN = 16;

/** Judges the first frame of a connection by its form. Whose it is, and whether there is room, the caller knows. */
export function judgeFirstFrame(frame: Frame): FirstFrame {
  const { session_id } = frame;
  const refused = (reason: string): FirstFrame => ({
    type: 'refused',
    answer: refusalFrame(session_id, errorPayload('EPROTO', { reason })),
  });
  if (!isSyn(frame) || hasFlag(frame, 'ACK')) return refused('The first frame is neither a SYN nor a resumption.');
  if (resumeOf(frame) !== undefined) return { type: 'resume', session_id };
  const hello = helloOf(frame);
  if (hello === undefined) return refused('The first frame is neither a SYN nor a resumption.');
  if (session_id.length < SESSION_ID_MIN)
    return refused(`The session id is shorter than ${SESSION_ID_MIN} characters.`);
  return { type: 'open', session_id, token: hello.token, wanted_window: frame.window ?? {} };
}

/** The answer of a server that does not accept (S7). Not signed: there is no session whose key it could have. */
export function refusalFrame(session_id: string, error: Payload): Frame {
  const flags = ['RST', 'CTRL'];
  return { v: PROTOCOL_MAJOR, session_id, stream_id: SESSION_STREAM, msg_seq: 0, flags, payload: error };
}

export function resumeOf({ payload }: Frame): ResumeContent | undefined {
  return payload?.type === 'control.resume' ? (payload.content as ResumeContent) : undefined;
}
