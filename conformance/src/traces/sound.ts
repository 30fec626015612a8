import { errorPayload as error, splitFrame } from '@atp-router/wire';
import { digests, Exchange } from './exchange.ts';
import { ack, closes, dispatches, hello, opened, opens, result, WINDOW } from './parts.ts';

/** Exchanges that keep every rule, by the name of their file. */
export const SOUND: Readonly<Record<string, () => Exchange>> = {
  task() {
    const at = opened('Handshake, a task, two partial results, the final one, and the end.');
    dispatches(at);
    at.server({ flags: ['ACK', 'CTRL'], payload: ack({ stream_id: '1', ack_msg_up_to: 0, credit: 8 }) });
    at.server({ stream: 1, payload: result('partial', 'The first ') });
    at.server({ stream: 1, payload: result('partial', 'changes no ') });
    at.server({
      flags: ['FIN'],
      stream: 1,
      payload: {
        ...result('final', 'The first changes no behaviour.'),
        ...{ confidence: 0.9, cost_est: { in_tokens: 412, out_tokens: 31, usd_micros: 911 } },
      },
    });
    at.client({ flags: ['ACK', 'CTRL'], payload: ack({ stream_id: '1', ack_msg_up_to: 2, credit: 10 }) });
    closes(at);
    return at;
  },

  'fragments-nack'() {
    const at = opened('A result in four fragments. One is lost, asked for when the last one has come, and sent again.');
    dispatches(at);
    const whole = at.lost('server', { flags: ['FIN'], stream: 1, payload: result('final', 'abcdefghijklmnopqrstuvw') });
    const sizes = { text_bytes: 6, binary_bytes: 12 };
    const parts = splitFrame(whole, digests, { gold: sizes, silver: sizes, bronze: sizes });
    for (const [i, part] of parts.entries()) if (i !== 1) at.send('server', part);
    const lane = { stream_id: '1', credit: 7 };
    at.client({ flags: ['ACK', 'CTRL'], payload: ack({ ...lane, msg_seq: 0, ack_up_to: 0, missing: [1] }) });
    const [, second] = parts;
    if (second !== undefined) at.send('server', second);
    at.client({ flags: ['ACK', 'CTRL'], payload: ack({ ...lane, ack_msg_up_to: 0, credit: 8 }) });
    closes(at);
    return at;
  },

  'fragments-of-the-client'() {
    const at = opened(
      'A piece of the client does not arrive as it was sent. The server names it at once, and it is sent again.',
    );
    const whole = at.lost('client', {
      flags: ['SYN', 'FIN'],
      stream: 1,
      payload: { type: 'agent.log', content: Uint8Array.from({ length: 30 }, (_, i) => i) },
    });
    const sizes = { text_bytes: 6, binary_bytes: 12 };
    const [first, second, third] = splitFrame(whole, digests, { gold: sizes, silver: sizes, bronze: sizes });
    if (first === undefined || second === undefined || third === undefined) throw new Error('not cut in three');
    at.send('client', first);
    at.send('client', second);
    const bad = { stream_id: '1', credit: 7, msg_seq: 0, ack_up_to: 0, missing: [1] };
    at.server({ flags: ['ACK', 'CTRL'], payload: ack(bad) });
    at.send('client', third);
    at.send('client', second);
    at.server({ flags: ['ACK', 'CTRL'], payload: ack({ stream_id: '1', ack_msg_up_to: 0, credit: 8 }) });
    at.server({ flags: ['FIN'], stream: 1, payload: result('final', 'Noted.') });
    at.client({ flags: ['ACK', 'CTRL'], payload: ack({ stream_id: '1', ack_msg_up_to: 0, credit: 8 }) });
    closes(at);
    return at;
  },

  lanes() {
    const at = opened('Two clones answer on one stream, each in a lane of its own; one message is lost and named.');
    dispatches(at, 1, false);
    const piece = (clone_id: string, seq: number, data: string) => ({
      stream: 1,
      payload: {
        type: 'agent.stream',
        ...{ persona_id: 'critic', clone_id },
        content: { session_id: 'p-1', persona_id: 'critic', clone_id, seq, data },
      },
    });
    at.server(piece('c1', 0, 'The '));
    at.server(piece('c2', 0, 'Both '));
    const again = at.lost('server', piece('c1', 1, 'first '));
    at.server(piece('c1', 2, 'one.'));
    at.server(piece('c2', 1, 'are.'));
    const lane = (clone_id: string) => ({ stream_id: '1', persona_id: 'critic', clone_id });
    at.client({
      flags: ['ACK', 'CTRL'],
      payload: ack(
        { ...lane('c1'), ack_msg_up_to: 0, credit: 8, missing_messages: [1] },
        { ...lane('c2'), ack_msg_up_to: 1, credit: 9 },
      ),
    });
    at.send('server', again);
    at.client({ flags: ['ACK', 'CTRL'], payload: ack({ ...lane('c1'), ack_msg_up_to: 2, credit: 10 }) });
    at.client({ flags: ['FIN'], stream: 1 });
    at.server({ flags: ['FIN'], stream: 1, payload: result('final', 'The first one, or both.') });
    closes(at);
    return at;
  },

  window() {
    const at = opened('The window shrinks and a stream beyond it is refused; then there is no room for a frame.');
    at.server({ flags: ['CTRL'], window: { ...WINDOW, max_parallel: 1 }, payload: { type: 'control.window_update' } });
    dispatches(at, 1, false);
    dispatches(at, 3, false);
    at.server({
      flags: ['RST', 'CTRL'],
      stream: 3,
      payload: error('EWINDOW', { retry_after_ms: 500, details: { max_parallel: 1 } }),
    });
    at.client({ flags: ['RST', 'ACK', 'CTRL'], stream: 3 });
    const refused = at.client({ stream: 1, payload: { type: 'agent.log', content: 'x'.repeat(40) } });
    at.server({ flags: ['ECN', 'CTRL'], payload: { type: 'control.window_update', content: { acks: [] } } });
    at.send('client', refused);
    at.server({ flags: ['ACK', 'CTRL'], payload: ack({ stream_id: '1', ack_msg_up_to: 1, credit: 9 }) });
    at.server({ flags: ['CTRL'], window: WINDOW, payload: { type: 'control.window_update' } });
    return at;
  },

  resume() {
    const at = opened('The connection is lost within a result. Both ends say what they have, and go on.');
    dispatches(at);
    at.server({ stream: 1, payload: result('partial', 'The first ') });
    const lost = at.lost('server', { stream: 1, payload: result('partial', 'changes no ') });
    at.reconnect();
    at.client({
      flags: ['SYN', 'CTRL'],
      payload: {
        type: 'control.resume',
        content: { token: 'r-1', acks: [{ stream_id: '1', ack_msg_up_to: 0, credit: 8 }] },
      },
    });
    at.server({
      flags: ['SYN', 'ACK', 'CTRL'],
      window: WINDOW,
      payload: hello({
        encoding: 'cbor',
        resume_token: 'r-2',
        acks: [{ stream_id: '1', ack_msg_up_to: 0, credit: 8 }],
      }),
    });
    at.send('server', lost);
    at.server({ flags: ['FIN'], stream: 1, payload: result('final', 'The first changes no behaviour.') });
    at.client({ flags: ['ACK', 'CTRL'], payload: ack({ stream_id: '1', ack_msg_up_to: 2, credit: 10 }) });
    closes(at);
    return at;
  },

  reset() {
    const at = opened('The client aborts a stream while the server sends; what came too late is dropped.');
    dispatches(at, 1, false);
    at.server({ stream: 1, payload: result('partial', 'The first ') });
    at.client({ flags: ['RST', 'CTRL'], stream: 1, payload: error('EPREEMPT') });
    at.server({ stream: 1, payload: result('partial', 'changes no ') });
    at.server({ flags: ['RST', 'ACK', 'CTRL'], stream: 1 });
    closes(at);
    return at;
  },

  withdrawn() {
    const at = opened(
      'A message does not arrive within its lifetime. Its sender withdraws it, the receiver says that it failed.',
    );
    dispatches(at);
    at.lost('server', { stream: 1, payload: result('partial', 'The first ') });
    at.server({ flags: ['FIN'], stream: 1, payload: result('final', 'The first changes no behaviour.') });
    at.client({ flags: ['ACK', 'CTRL'], payload: ack({ stream_id: '1', credit: 7, missing_messages: [0] }) });
    at.server({ flags: ['ACK', 'CTRL'], payload: ack({ stream_id: '1', withdrawn: [0] }) });
    at.client({ flags: ['ACK', 'CTRL'], payload: ack({ stream_id: '1', ack_msg_up_to: 1, credit: 9, failed: [0] }) });
    closes(at);
    return at;
  },

  heartbeats() {
    const at = opened(
      'Nothing to do: heartbeats repeat the window and what has arrived, then the server ends the session.',
    );
    dispatches(at);
    at.server({ flags: ['FIN'], stream: 1, payload: result('final', 'Done.') });
    const beat = (stream_acks: readonly object[]) => ({
      flags: ['HB', 'CTRL'] as const,
      window: WINDOW,
      payload: { type: 'control.window_update', content: { acks: stream_acks as never } },
    });
    at.client(beat([{ stream_id: '1', ack_msg_up_to: 0, credit: 8 }]));
    at.server(beat([{ stream_id: '1', ack_msg_up_to: 0, credit: 8 }]));
    at.client(beat([{ stream_id: '1', ack_msg_up_to: 0, credit: 8 }]));
    at.server({ flags: ['FIN'] });
    at.client({ flags: ['FIN'] });
    return at;
  },

  refused() {
    const at = new Exchange('The server does not accept the credential.');
    at.client({ flags: ['SYN', 'CTRL'], payload: hello({ encodings: ['cbor', 'json'], token: 'atp_wrong' }) });
    at.server({ flags: ['RST', 'CTRL'], payload: error('ESEC') });
    return at;
  },

  signed() {
    const secret = Uint8Array.from({ length: 32 }, (_, i) => i);
    const key = { kid: 'test-1', secret, not_before_ms: 0, not_after_ms: 4_102_444_800_000 };
    const about = 'Every frame but the first and its answer is signed, with the test key of vectors/frames.json.';
    const features = { features: ['resume', 'sig'] };
    const at = opens(new Exchange(about, key), features, features);
    dispatches(at);
    at.server({ flags: ['ACK', 'CTRL'], payload: ack({ stream_id: '1', ack_msg_up_to: 0, credit: 8 }) });
    at.server({ flags: ['FIN'], stream: 1, payload: result('final', 'Done.') });
    at.client({ flags: ['ACK', 'CTRL'], payload: ack({ stream_id: '1', ack_msg_up_to: 0, credit: 8 }) });
    closes(at);
    return at;
  },
};
