import type { Alteration } from '../reference/between.ts';
import { OPCODE, type WsFrame, wsFrame } from '../../src/net/ws-frames.ts';
import { mutant, type Mutant, refuse } from './mutant.ts';

/** Answers of HTTP with other words. */
const replying = (from: string | RegExp, to: string): Alteration => ({ reply: (text) => text.replace(from, to) });
/** Another status, of answers in which a text is. */
const status = (from: number, to: number, within: string = ''): Alteration => ({
  reply: (text) => (text.includes(within) ? text.replace(`HTTP/1.1 ${from}`, `HTTP/1.1 ${to}`) : text),
});

/** Closes with another code. */
const closing = (from: number, to: number): Alteration => ({
  controlOut: ({ opcode, payload, raw }: WsFrame) => {
    if (opcode !== OPCODE.close || payload.length < 2 || payload.readUInt16BE(0) !== from) return raw;
    const other = Buffer.from(payload);
    other.writeUInt16BE(to);
    return wsFrame(OPCODE.close, other, { mask: false });
  },
});

export const SOCKETS: readonly Mutant[] = [
  mutant('T2', 'answers a wrong key with 400', status(401, 400)),
  mutant('T3', 'loses one of several frames that come together', {
    in: (frame, { memory }) => {
      if (frame.msg_seq !== 2 || memory.has('lost')) return frame;
      memory.set('lost', true);
      return undefined;
    },
  }),
  mutant('T6', 'answers what is no handshake with 400', status(426, 400)),
  mutant('T7', 'names the key in its answer', replying(/(sec-websocket-protocol: )atp\.v1/i, '$1atp.key.of-somebody')),
  mutant('T8', 'does not look where a page is from', { request: (text) => text.replace(/^origin: .*\r\n/im, '') }),
  mutant('T9', 'closes a connection without a frame as done', closing(4_001, 1_000)),
  mutant('T10', 'takes messages in any number of pieces', { in: (frame) => frame }),
  mutant('T11', 'closes for a message that is too large as done', closing(1_009, 1_000)),
  mutant('T12', 'keeps its dictionary between messages', replying(/; server_no_context_takeover/i, '')),
  mutant('T13', 'does not answer pings', {
    controlOut: ({ opcode, raw }) => (opcode === OPCODE.pong ? undefined : raw),
  }),
  mutant('T28', 'answers for every session', {
    in: (frame, link) => (frame.session_id.endsWith('-of-another') ? refuse(frame, link) : frame),
  }),
  mutant('T14', 'closes for what is no WebSocket as done', closing(1_002, 1_000)),
];

export const PLAIN_HTTP: readonly Mutant[] = [
  mutant('W24', 'does not take records', {
    request: (text) => text.replace('application/vnd.atp.frames', 'application/x-ndjson'),
  }),
  mutant('T16', 'says that a connection is somebody else’s', status(404, 403)),
  mutant('T17', 'answers a type that it does not take with 400', status(415, 400)),
  mutant('T18', 'answers with 200 when its session refuses', status(403, 200)),
  mutant('T19', 'answers frames with 200', status(202, 200)),
  mutant('T20', 'counts frames from another end', replying('frames[1]', 'frames[2]')),
  mutant('T21', 'answers too many frames with 400', status(413, 400)),
  mutant('T22', 'begins ids with another number', replying(/\bid: 1\n/, 'id: 7\n')),
  mutant('T23', 'lets two readers read', {
    reply: (text) => (text === '0\r\n\r\n' ? undefined : text),
    holds_end: true,
  }),
  mutant('T24', 'answers an id that there was not with 404', status(400, 404, 'no event of this id')),
  mutant('T25', 'sends empty events in place of comments', replying(/^([0-9a-f]+\r\n):/, '$1;')),
  mutant('T29', 'leaves an event out where it reads on', {
    request: (text) => text.replace(/^(last-event-id: )(\d+)/im, (_all, name, id) => `${name}${Number(id) + 1}`),
  }),
  mutant('T26', 'does not say why events end', replying('event: close', 'event: clear')),
];
