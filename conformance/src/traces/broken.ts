import { errorPayload as error, type Frame, splitFrame } from '@atp-router/wire';
import { digests, Exchange } from './exchange.ts';
import { ack, dispatches, hello, opened, result } from './parts.ts';

const SIZES = { text_bytes: 6, binary_bytes: 12 };

/** A result in four fragments, numbered and not sent. */
function fragmented(at: Exchange): readonly Frame[] {
  const whole = at.lost('server', { stream: 1, payload: result('final', 'abcdefghijklmnopqrstuvw') });
  return splitFrame(whole, digests, { gold: SIZES, silver: SIZES, bronze: SIZES });
}

/** Exchanges that break one rule each, by the name of their file, which begins with the rule. */
export const BROKEN: Readonly<Record<string, () => Exchange>> = {
  'W13-number-left-out'() {
    const at = opened('The client leaves out message 1.');
    dispatches(at, 1, false);
    at.client({ stream: 1, msg_seq: 2, payload: { type: 'agent.log', content: 'x' } });
    return at;
  },

  'W13-number-used-twice'() {
    const at = opened('The client gives one number to two messages.');
    dispatches(at, 1, false);
    at.client({ stream: 1, payload: { type: 'agent.log', content: 'x' } });
    at.client({ stream: 1, msg_seq: 1, payload: { type: 'agent.log', content: 'y' } });
    return at;
  },

  'W30-bytes'() {
    const at = opened(
      'Bytes that are no frame: cut off, an integer that is too long, no JSON. The first one is answered.',
    );
    at.bytes('client', Buffer.from('a4000101617302617403', 'hex'));
    at.server({ flags: ['RST', 'CTRL'], payload: error('EPROTO') });
    at.bytes('client', Buffer.from('a4001801016173026174', 'hex'));
    at.bytes('client', Buffer.from('7b22', 'hex'), 'json');
    return at;
  },

  'W57-missing-too-early'() {
    const at = opened('The client calls a fragment missing before it has seen the last one.');
    dispatches(at);
    const [first] = fragmented(at);
    if (first !== undefined) at.send('server', first);
    const early = { stream_id: '1', credit: 7, msg_seq: 0, ack_up_to: 0, missing: [1, 2] };
    at.client({ flags: ['ACK', 'CTRL'], payload: ack(early) });
    return at;
  },

  'W58-piece-and-digest'() {
    const at = opened('A piece was changed on the way and does not fit its digest.');
    dispatches(at);
    for (const [i, part] of fragmented(at).entries()) {
      const payload = part.payload && { ...part.payload, content: 'GHIJKL' };
      at.send('server', i === 1 && payload ? { ...part, payload } : part);
    }
    return at;
  },

  'W59-root'() {
    const at = opened('Each piece fits its digest, and together they are not what the last one says.');
    dispatches(at);
    for (const part of fragmented(at)) {
      const { payload } = part;
      const frag = payload?.frag && { ...payload.frag, root: `sha256:${'0'.repeat(64)}` };
      at.send('server', payload && frag ? { ...part, payload: { ...payload, frag } } : part);
    }
    return at;
  },

  'S1-stream-of-the-other-end'() {
    const at = opened('The client opens a stream with an even number.');
    dispatches(at, 2);
    return at;
  },

  'S2-stream-without-SYN'() {
    const at = opened('The first message of a stream does not open it.');
    at.client({ stream: 1, payload: { type: 'agent.log', content: 'x' } });
    return at;
  },

  'S3-control-number-used-twice'() {
    const at = opened('The server gives one number to two control frames.');
    at.server({ flags: ['CTRL'], window: { max_parallel: 2 }, payload: { type: 'control.window_update' } });
    at.server({ flags: ['CTRL'], msg_seq: 1, payload: error('EDRAINING') });
    return at;
  },

  'S4-control-in-a-lane'() {
    const at = opened('An acknowledgement without CTRL.');
    dispatches(at);
    at.server({ flags: ['ACK'], payload: ack({ stream_id: '1', ack_msg_up_to: 0 }) });
    return at;
  },

  'S5-sent-before-the-answer'() {
    const at = new Exchange('The client does not wait for the answer.');
    at.client({ flags: ['SYN', 'CTRL'], payload: hello({ encodings: ['json'] }) });
    dispatches(at);
    return at;
  },

  'S6-encoding-not-offered'() {
    return opened('The server chooses an encoding that was not offered.', { encodings: ['json'] });
  },

  'S9-beyond-the-credit'() {
    const at = opened('The client sends more than the server takes.', {}, { pending_messages: 2 });
    dispatches(at, 1, false);
    for (const content of ['x', 'y']) at.client({ stream: 1, payload: { type: 'agent.log', content } });
    return at;
  },

  'S14-behind-FIN'() {
    const at = opened('The client goes on behind FIN.');
    dispatches(at);
    at.client({ stream: 1, payload: { type: 'agent.log', content: 'x' } });
    return at;
  },

  'S17-acknowledgement-falls'() {
    const at = opened('The server takes an acknowledgement back, and credit with it.');
    dispatches(at, 1, false);
    at.client({ stream: 1, payload: { type: 'agent.log', content: 'x' } });
    at.server({ flags: ['ACK', 'CTRL'], payload: ack({ stream_id: '1', ack_msg_up_to: 1, credit: 9 }) });
    at.server({ flags: ['ACK', 'CTRL'], payload: ack({ stream_id: '1', ack_msg_up_to: 0, credit: 8 }) });
    return at;
  },

  'S17-acknowledged-and-never-sent'() {
    const at = opened('The server acknowledges what was not sent.');
    dispatches(at);
    at.server({ flags: ['ACK', 'CTRL'], payload: ack({ stream_id: '1', ack_msg_up_to: 3, credit: 11 }) });
    return at;
  },

  'S29-after-RST'() {
    const at = opened('The client goes on on a stream that it has aborted.');
    dispatches(at, 1, false);
    at.client({ flags: ['RST', 'CTRL'], stream: 1, payload: error('EPREEMPT') });
    at.client({ stream: 1, payload: { type: 'agent.log', content: 'x' } });
    return at;
  },
};
