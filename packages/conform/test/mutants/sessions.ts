import type { Frame } from '@atp-router/wire';
import type { Alteration } from '../reference/between.ts';
import { contentOf, eachAck, is, keyOf, mutant, type Mutant, omit, without, withContent } from './mutant.ts';

const isMessage = (frame: Frame): boolean => !is(frame, 'CTRL');
const stripped = (...names: readonly string[]): Alteration => ({
  out: (frame) => eachAck(frame, (ack) => omit(ack, ...names)),
});

/** Each frame that fits once only. */
const once = (
  fits: (frame: Frame) => boolean,
): ((frame: Frame, link: { readonly memory: Map<string, unknown> }) => Frame | undefined) => {
  return (frame, { memory }) => {
    if (!fits(frame)) return frame;
    const key = keyOf(frame);
    const had = memory.has(key);
    memory.set(key, true);
    return had ? undefined : frame;
  };
};

const noFlag = (frame: Frame, flag: string): Frame => ({
  ...frame,
  flags: frame.flags?.filter((one) => one !== flag) ?? [],
});
const isSessionFin = (frame: Frame): boolean => isMessage(frame) && is(frame, 'FIN') && frame.stream_id === '0';

export const STREAMS: readonly Mutant[] = [
  mutant('S1', 'takes numbers with leading zeros', {
    in: (frame) => (frame.stream_id === '01' ? { ...frame, stream_id: '1' } : frame),
  }),
  mutant('S2', 'ignores SYN on later messages', {
    in: (frame) => (isMessage(frame) && frame.msg_seq > 0 && is(frame, 'SYN') ? noFlag(frame, 'SYN') : frame),
  }),
  mutant('S3', 'numbers control frames by twos', {
    out: (frame) => (is(frame, 'CTRL') ? { ...frame, msg_seq: frame.msg_seq * 2 } : frame),
  }),
  mutant('S4', 'sends acknowledgements as messages', {
    out: (frame) => (frame.payload?.type === 'control.ack' ? noFlag(frame, 'CTRL') : frame),
  }),
  mutant('W13', 'leaves out a number', {
    out: (frame) => (isMessage(frame) && frame.msg_seq > 1 ? { ...frame, msg_seq: frame.msg_seq + 1 } : frame),
  }),
  mutant('T1', 'changes the order of two messages', {
    out: (frame, { memory }) => {
      if (!isMessage(frame) || frame.stream_id !== '1') return frame;
      if (frame.msg_seq === 1 && !memory.has('held')) {
        memory.set('held', frame);
        return undefined;
      }
      return frame.msg_seq === 2 ? [frame, memory.get('held') as Frame] : frame;
    },
  }),
  mutant('S14', 'ignores what comes behind FIN', {
    in: (frame, { memory }) => {
      if (!isMessage(frame)) return frame;
      if (memory.get(`fin ${frame.stream_id}`) === true) return undefined;
      memory.set(`fin ${frame.stream_id}`, is(frame, 'FIN'));
      return frame;
    },
  }),
  mutant('S23', 'grants more than was asked for', {
    out: (frame) => (is(frame, 'SYN', 'ACK') ? { ...frame, window: { max_parallel: 50 } } : frame),
  }),
  mutant('S28', 'does not end its side of a session', { out: (frame) => (isSessionFin(frame) ? undefined : frame) }),
  mutant('S29', 'confirms no abort', { out: (frame) => (is(frame, 'RST', 'ACK') ? undefined : frame) }),
  mutant('S30', 'acknowledges late messages without credit', {
    out: (frame) => eachAck(frame, (ack) => (ack['credit'] === ack['ack_msg_up_to'] ? omit(ack, 'credit') : ack)),
  }),
  mutant('S38', 'does not look where a message has been', {
    in: (frame) => (frame.meta?.via === undefined ? frame : without(frame, 'meta')),
  }),
];

const isRefusal = (frame: Frame): boolean => is(frame, 'RST') && frame.stream_id === '0' && frame.msg_seq === 0;

export const REFUSALS: readonly Mutant[] = [
  mutant('S39', 'numbers the refusal of a handshake as a frame of the session', {
    out: (frame) => (isRefusal(frame) ? { ...frame, msg_seq: 3 } : frame),
  }),
  mutant('S43', 'opens a stream although it has refused its first frame', {
    in: (frame, link) => {
      if (!isMessage(frame) || frame.msg_seq !== 0 || frame.stream_id !== '1' || is(frame, 'SYN')) return frame;
      const payload = { type: 'error', content: { code: 'EPROTO', reason: 'No.' } };
      const { session_id, stream_id } = frame;
      link.toClient({ v: 1, session_id, stream_id, msg_seq: 9_000, flags: ['RST', 'CTRL'], payload });
      return undefined;
    },
  }),
];

export const MESSAGES: readonly Mutant[] = [
  mutant('S9', 'does not know of credit', {
    in: (frame) => (is(frame, 'SYN', 'CTRL') ? withContent(frame, omit(contentOf(frame), 'pending_messages')) : frame),
  }),
  mutant('S10', 'sends everything once', { out: once(isMessage) }),
  mutant('S11', 'sends messages again at once', {
    out: (frame) => (isMessage(frame) ? [frame, frame, frame] : frame),
  }),
  mutant('S12', 'gives up in silence', stripped('withdrawn')),
  mutant('S13', 'takes what was withdrawn for arrived', stripped('failed')),
  mutant('S15', 'does not look at ECN', { in: (frame) => (is(frame, 'ECN') ? noFlag(frame, 'ECN') : frame) }),
  mutant('S16', 'does not acknowledge anew what it has', { in: once(isMessage) }),
  mutant('S17', 'believes acknowledgements of what it never sent', {
    in: (frame) =>
      contentOf(frame)['acks'] === undefined ? frame : eachAck(frame, (ack) => ({ ...ack, ack_msg_up_to: 0 })),
  }),
  mutant('S19', 'does not ask for what is missing', stripped('missing_messages')),
  mutant('S20', 'does not tell of a gap that has failed', stripped('failed')),
  mutant('S22', 'drops in silence what it has no room for', {
    out: (frame) => (is(frame, 'ECN') ? noFlag(frame, 'ECN') : frame),
  }),
  mutant('S48', 'says its credit once', {
    out: (frame, { memory }) =>
      eachAck(frame, (ack) => {
        const had = memory.get('credit') === ack['credit'];
        memory.set('credit', ack['credit']);
        return had ? omit(ack, 'credit') : ack;
      }),
  }),
];

const isBeat = (frame: Frame): boolean => is(frame, 'HB');
const isResumed = (frame: Frame): boolean => is(frame, 'SYN', 'ACK');

export const QUIET: readonly Mutant[] = [
  mutant('S24', 'does not repeat its window', { out: (frame) => (isBeat(frame) ? without(frame, 'window') : frame) }),
  mutant('S26', 'sends no heartbeats', { out: (frame) => (isBeat(frame) ? undefined : frame) }),
  mutant('S27', 'never ends a session', { out: (frame) => (isSessionFin(frame) ? undefined : frame) }),
];

export const RESUMING: readonly Mutant[] = [
  mutant('S31', 'does not say what it has when a session is resumed', {
    out: (frame) => (isResumed(frame) ? withContent(frame, omit(contentOf(frame), 'acks')) : frame),
  }),
  mutant(
    'S32',
    'keeps sessions longer than it says',
    { out: (frame) => (isResumed(frame) ? withContent(frame, { ...contentOf(frame), resume_ttl_ms: 1_000 }) : frame) },
    { session: { resume_ttl_ms: 60_000 } },
  ),
  mutant('S33', 'tells a token that was spent from one that never was', {
    in: (frame, { memory }) => {
      memory.set('guess', String(contentOf(frame)['token']).startsWith('AAAA'));
      return frame;
    },
    out: (frame, { memory }) =>
      is(frame, 'RST') && memory.get('guess') === true
        ? withContent(frame, { ...contentOf(frame), reason: 'There was no such token.' })
        : frame,
  }),
  mutant('S34', 'leaves the old connection open', { controlOut: () => undefined, holds_end: true }),
  mutant('S44', 'takes what an older connection brings', {
    in: (frame) => (frame.payload?.type === 'control.resume' ? { ...frame, msg_seq: 100_000 } : frame),
  }),
  mutant('S45', 'leaves its window out of its answers', {
    out: (frame) => (isResumed(frame) ? without(frame, 'window') : frame),
  }),
];
