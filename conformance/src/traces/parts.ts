import type { Payload, Window, WireObject, WireValue } from '@atp-router/wire';
import { Exchange } from './exchange.ts';

// What most exchanges begin and end with.

export const WINDOW: Window = { max_parallel: 4, max_tokens: 100_000, max_usd_micros: 2_000_000 };

export const hello = (content: WireObject): Payload => ({ type: 'control.hello', content });
export const ack = (...acks: readonly WireObject[]): Payload => ({ type: 'control.ack', content: { acks } });
export const result = (type: 'partial' | 'final', content: WireValue): Payload => ({
  type: `agent.result.${type}`,
  content,
});

const WANTED: WireObject = {
  encodings: ['cbor', 'json'],
  features: ['resume'],
  token: 'atp_test',
  pending_messages: 8,
};
const GRANTED: WireObject = {
  ...{ encoding: 'cbor', features: ['resume'], interval_s: 10, idle_fin_s: 300 },
  ...{ resume_token: 'r-1', resume_ttl_ms: 60_000, pending_messages: 8 },
};

/** An exchange after its handshake. `wanted` and `granted` are beside what is usual. */
export function opened(about: string, wanted: WireObject = {}, granted: WireObject = {}): Exchange {
  return opens(new Exchange(about), wanted, granted);
}

export function opens(exchange: Exchange, wanted: WireObject = {}, granted: WireObject = {}): Exchange {
  exchange.client({ flags: ['SYN', 'CTRL'], window: WINDOW, payload: hello({ ...WANTED, ...wanted }) });
  exchange.server({
    flags: ['SYN', 'ACK', 'CTRL'],
    window: WINDOW,
    meta: { node_id: 'n1' },
    payload: hello({ ...GRANTED, ...granted }),
  });
  exchange.cbor();
  return exchange;
}

/** The client gives work on a stream of its own. */
export function dispatches(exchange: Exchange, stream = 1, fin = true): void {
  exchange.client({
    flags: fin ? ['SYN', 'FIN'] : ['SYN'],
    stream,
    meta: { task_type: 'code_review', deadline_ms: 30_000 },
    payload: {
      type: 'agent.dispatch',
      content: {
        session_id: 'p-1',
        targets: [{ persona_id: 'critic', clone_id: 'c1' }],
        budget: { tokens: 4_000, usd_micros: 50_000 },
        task: 'Which of these two diffs is safer?',
      },
    },
  });
}

/** Both ends say that they are done, and that they know it. */
export function closes(exchange: Exchange): void {
  exchange.client({ flags: ['FIN'] });
  exchange.server({ flags: ['FIN'] });
  exchange.client({ flags: ['ACK', 'CTRL'], payload: ack({ stream_id: '0', ack_msg_up_to: 0, credit: 8 }) });
  exchange.server({ flags: ['ACK', 'CTRL'], payload: ack({ stream_id: '0', ack_msg_up_to: 0, credit: 8 }) });
}
