import { randomBytes } from 'node:crypto';
import type { Frame } from '@atp-router/wire';
import { has, isMessage } from '../probe/frames.ts';
import { assert, skipUnless } from '../probe/outcome.ts';
import { LOG, type Peer } from '../probe/peer.ts';
import type { Probe } from '../probe/probe.ts';
import type { Sentence } from '../sentence.ts';
import { answerOf, begin, contentOf, errorOn, finalOf, firstFrames, last, shown } from './asking.ts';
import { closed, each } from './support.ts';

const noTask = (what: string, send: (probe: Probe, peer: Peer) => void) => async (probe: Probe) => {
  const peer = await probe.open();
  send(probe, peer);
  const { code } = await errorOn(peer);
  assert(code === 'EPROTO', `${what} answered with EPROTO`, code);
};

const s50 = each(
  async (probe) => {
    const peer = await probe.open();
    begin(probe, peer, { task: { ...probe.task(), x_unknown_member: [1] } });
    await finalOf(peer);
    const targets = [{ persona_id: 'nobody', clone_id: 'c1' }];
    begin(probe, peer, { stream_id: '3', content: { targets, session_id: 'the-session-of-somebody-else' } });
    await finalOf(peer, '3');
    begin(probe, peer, { stream_id: '5', task: { ...probe.task(), stream: false } });
    const only = await answerOf(peer, '5');
    const is_alone = only.length === 1 && only[0]?.payload?.type === 'agent.result.final';
    assert(is_alone, 'the final result alone where the task has "stream": false', () => shown(last(only)));
  },
  noTask('another type of message', (_probe, peer) =>
    peer.message({ msg_seq: 0, flags: ['SYN', 'FIN'], payload: LOG }),
  ),
  noTask('a task that is a text', (probe, peer) => begin(probe, peer, { task: 'Say hello.' })),
  noTask('a task that is a list', (probe, peer) => begin(probe, peer, { task: [probe.task()] })),
);

/** What the frame says counts: an idempotency key, and the tokens of the budget. */
const s51 = each(
  async (probe) => {
    const peer = await probe.open();
    const more = { meta: { idempotency_key: `probe-${randomBytes(12).toString('hex')}` } };
    const ids: unknown[] = [];
    for (const stream_id of ['1', '3']) {
      begin(probe, peer, { stream_id, more });
      const { id } = contentOf(peer, await finalOf(peer, stream_id)) as { readonly id?: unknown };
      ids.push(id);
    }
    skipUnless(ids[0] !== undefined, 'The answers of the server have no id, by which one could be known again.');
    assert(ids[0] === ids[1], 'the same id for an equal meta.idempotency_key', ids.join(' and '));
  },
  async (probe) => {
    const peer = await probe.open();
    begin(probe, peer, { task: { ...probe.task(), max_usd: 1 }, content: { budget: { tokens: 1 } } });
    const { code } = await errorOn(peer);
    assert(code === 'EBUDGET', 'a task beyond budget.tokens answered with EBUDGET', code);
  },
);

const TYPES: readonly string[] = ['agent.log', 'agent.result.partial', 'agent.result.final', 'error'];

async function s52(probe: Probe): Promise<void> {
  const peer = await probe.open();
  begin(probe, peer, { more: { qos: 'bronze' } });
  const frames = await answerOf(peer);
  for (const [i, frame] of frames.entries()) {
    const { payload, qos } = frame;
    const is_last = i === frames.length - 1;
    assert(payload !== undefined && TYPES.includes(payload.type), `one of ${TYPES.join()}`, () => shown(frame));
    const ends = payload.type === 'agent.result.final' || payload.type === 'error';
    assert(ends === is_last && has(frame, 'FIN') === is_last, 'one last message, with FIN', () => shown(frame));
    assert(payload.seq === i, `payload.seq ${i}`, String(payload.seq));
    assert(qos === undefined, 'frames without qos', String(qos));
    const content = contentOf(peer, frame);
    const is_data = typeof content === 'object' && content !== null && !('type' in content);
    assert(is_data, 'the data of an event, without its type', () => shown(frame));
  }
  await finalOnce(peer);
  begin(probe, peer, { stream_id: '3', content: { budget: { tokens: 1 } } });
  const frame = last(await answerOf(peer, '3'));
  assert(frame.payload?.seq === 0, 'payload.seq 0 of an error that is the only event', () => shown(frame));
}

/** Everything comes on the stream of the task. */
async function finalOnce(peer: Peer): Promise<void> {
  const others = peer.history.filter(({ frame }) => isMessage(frame) && frame.stream_id !== '1');
  assert(others.length === 0, 'the answer on the stream of its task', () => shown(others[0]?.frame as Frame));
}

async function s53(probe: Probe): Promise<void> {
  const peer = await probe.open();
  begin(probe, peer, { task: 'Say hello.' });
  begin(probe, peer, { stream_id: '3', content: { budget: { tokens: 1 } } });
  for (const stream_id of ['1', '3']) {
    const { code, reason, details } = await errorOn(peer, stream_id);
    assert(/^E[A-Z_]+$/.test(code) && reason !== '', 'a code and a reason', `${code}: ${reason}`);
    for (const name of ['error', 'origin']) {
      assert(typeof details?.[name] === 'string', `details.${name}`, () => JSON.stringify(details));
    }
  }
}

/** It begins without FIN; what else the client says there has no effect, and its FIN closes the stream. */
async function withoutFin(probe: Probe): Promise<void> {
  const peer = await probe.open();
  begin(probe, peer, { flags: ['SYN'] });
  peer.message({ msg_seq: 1 });
  await peer.acked(1);
  const before = await answerOf(peer);
  assert(last(before).payload?.type === 'agent.result.final', 'the answer, without FIN of the client', () =>
    shown(last(before)),
  );
  peer.message({ msg_seq: 2 });
  await peer.acked(2);
  peer.message({ msg_seq: 3, flags: ['FIN'], more: { payload: undefined } as object });
  await peer.acked(3);
  const after = firstFrames(peer, '1').length;
  assert(after === before.length, 'no answer to further messages', `${after - before.length} more messages`);
  await closed(peer, () => begin(probe, peer, { flags: ['SYN'] }));
}

const ABORT = { type: 'error', content: { code: 'EPREEMPT', reason: 'Not wanted any more.' } };
/** What was on its way has come by then. */
const QUIET_MS = 300;

async function aborted(probe: Probe): Promise<void> {
  const peer = await probe.open();
  begin(probe, peer, { stream_id: '3', flags: ['SYN'] });
  await peer.expect('a message of the answer', (one) => isMessage(one) && one.stream_id === '3');
  peer.control(['RST'], ABORT, { stream_id: '3' });
  await peer.expect('RST|ACK on stream 3', (one) => has(one, 'RST', 'ACK') && one.stream_id === '3');
  peer.came.clear();
  const more = await peer.maybe((one) => isMessage(one) && one.stream_id === '3', QUIET_MS);
  assert(more === undefined, 'nothing of a call that was ended with RST', () => shown(more?.frame as Frame));
}

export const TASKS: readonly Sentence[] = [
  {
    id: 'S50',
    level: 'L1',
    title: 'A task is a dispatch that opens a stream; what is none is answered with EPROTO',
    judge: s50,
  },
  { id: 'S51', level: 'L1', title: 'What frame and dispatch say wins over the task', judge: s51 },
  {
    id: 'S52',
    level: 'L1',
    title: 'The answer is one message for each event, counted, the last one with FIN',
    judge: s52,
  },
  { id: 'S53', level: 'L1', title: 'The error of a task has its name in the catalogue and its origin', judge: s53 },
  {
    id: 'S54',
    level: 'L1',
    title: 'A task begins without FIN, needs nothing more, and is ended by RST',
    judge: each(withoutFin, aborted),
  },
  {
    id: 'S56',
    level: 'L1',
    title: 'The window is the least of those above it, halved by signs of congestion and opened by timely results',
    not_observable: 'What the windows above it are, and what a router bears, no client is told.',
  },
  {
    id: 'S57',
    level: 'L1',
    title: 'While calls wait long where it concerns the session, control frames have ECN',
    not_observable: 'Waits come from the load of a router, which a client does not see and a runner must not make.',
  },
  {
    id: 'S58',
    level: 'L1',
    title: 'What is left of the budgets of the day is told after tasks and changes, once in 500 ms at most',
    not_observable: 'Whether a tenant has budgets, and what is left of them, the runner has no other way to know.',
  },
  {
    id: 'S59',
    level: 'L2',
    title: 'A task that is stopped for a better tier ends with EPREEMPT, and refusals say when to come again',
    not_observable: 'It takes a router without a free place, and a key that may ask in a better tier.',
  },
];
