import { hasFlag } from '../../frame.ts';
import { INT_MAX } from '../../limits.ts';
import { isWireObject, type WireObject } from '../../value.ts';
import { type Judge, type Judged, saidBy } from './tracks.ts';

/** How many messages an end takes that names no number (S8). */
const PENDING_DEFAULT = 256;
const SESSION_STREAM = '0';

/** How sessions and streams are opened and aborted. */
export const judgeOpening: Judge = (judged) => {
  judgeHandshake(judged);
  judgeStream(judged);
  judgeAborts(judged);
};

function contentOf({ frame }: Judged): WireObject {
  const content = frame.payload?.content;
  return content !== undefined && isWireObject(content) ? content : {};
}

function judgeHandshake(judged: Judged): void {
  const { frame, is_control, sender, session, report } = judged;
  const is_syn = is_control && hasFlag(frame, 'SYN');
  if (is_syn && !hasFlag(frame, 'ACK')) {
    ask(judged);
    return;
  }
  const { client, asked } = session;
  if (is_syn) {
    answer(judged);
  } else if (client !== undefined && asked !== undefined) {
    if (sender.dir === client) report('S5', 'sent before the answer to SYN');
    // A refusal is an answer too.
    else if (is_control && hasFlag(frame, 'RST')) session.asked = undefined;
  }
}

function ask(judged: Judged): void {
  const { frame, record, session, sender, digests, report } = judged;
  const type = frame.payload?.type;
  if (frame.stream_id !== SESSION_STREAM) report('S5', 'a session is opened on stream 0');
  if (type !== 'control.hello' && type !== 'control.resume')
    report('S5', 'SYN comes with control.hello or control.resume');
  const said = saidBy(frame.payload, digests);
  // On another connection it is another attempt, which has acknowledgements of its own.
  const { conn } = record.entry;
  if (session.asked?.conn === conn && session.client === sender.dir) {
    if (session.asked.said !== said) report('S5', 'SYN is sent again with something else in it');
    return;
  }
  session.client = sender.dir;
  const { encodings } = contentOf(judged);
  session.asked = { conn, said, encodings: Array.isArray(encodings) ? encodings : undefined };
  if (type === 'control.hello' && isUntouched(judged)) session.from_start = true;
  noteHello(judged);
}

/** Whether nothing of the session came before. */
function isUntouched({ sender, receiver }: Judged): boolean {
  return [sender, receiver].every(({ lanes, control }) => lanes.size === 0 && control.seen.size === 0);
}

function answer(judged: Judged): void {
  const { frame, session, sender, report } = judged;
  if (frame.payload?.type !== 'control.hello') report('S6', 'SYN with ACK comes with control.hello');
  if (session.client === sender.dir) {
    report('S6', 'the end that opened the session answers itself');
    return;
  }
  const { encoding } = contentOf(judged);
  const offered = session.asked?.encodings;
  if (offered !== undefined && encoding !== undefined && !offered.includes(encoding)) {
    report('S6', 'the encoding is none of those that were offered');
  }
  session.asked = undefined;
  session.client ??= sender.dir === 'in' ? 'out' : 'in';
  noteHello(judged);
}

function noteHello(judged: Judged): void {
  if (judged.frame.payload?.type !== 'control.hello') return;
  const { pending_messages } = contentOf(judged);
  judged.sender.pending_messages = typeof pending_messages === 'number' ? pending_messages : PENDING_DEFAULT;
}

function judgeStream(judged: Judged): void {
  const { frame, is_control, session, sender, report } = judged;
  const { stream_id, payload } = frame;
  const number = /^(?:0|[1-9]\d*)$/.test(stream_id) ? Number(stream_id) : Number.NaN;
  if (!(number <= INT_MAX)) {
    report('S1', 'stream_id is no decimal number from 0 to 2^53 - 1');
    return;
  }
  if (is_control) return;
  const is_main = payload?.persona_id === undefined && payload?.clone_id === undefined;
  const is_own = session.client !== undefined && (number % 2 === 1) === (session.client === sender.dir) && number > 0;
  const is_first = is_main && frame.msg_seq === 0 && (frame.frag_seq ?? 0) === 0;
  if (hasFlag(frame, 'SYN')) {
    if (!is_first) report('S2', 'SYN is on the first message of a main lane only');
    else if (session.client !== undefined && !is_own)
      report('S1', 'a stream with this number is the other end’s to open');
    else sender.opened.add(number);
  } else if (is_own && is_first) {
    report('S2', 'the first message of a stream has SYN');
  }
}

function judgeAborts({ frame, is_control, sender, report }: Judged): void {
  const { stream_id } = frame;
  if (hasFlag(frame, 'RST')) {
    sender.aborted.add(stream_id);
    return;
  }
  const is_over = sender.aborted.has(SESSION_STREAM) || (!is_control && sender.aborted.has(stream_id));
  if (is_over) report('S29', 'sent by an end that had aborted this');
}
