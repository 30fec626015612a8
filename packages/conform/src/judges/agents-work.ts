import type { Payload, WireObject, WireValue } from '@atp-router/wire';
import { isDeepStrictEqual } from 'node:util';
import { type AgentWork, ProbeAgent } from '../probe/agent.ts';
import { has, isMessage } from '../probe/frames.ts';
import { assert } from '../probe/outcome.ts';
import type { Probe } from '../probe/probe.ts';
import type { Judge, Sentence } from '../sentence.ts';
import { answerOf, contentOf, last, shown } from './asking.ts';
import { Caller } from './calling.ts';
import { each } from './support.ts';

/** What a small task may use: above what it is expected to, and below what the agent then claims. */
const BUDGET = 20_000;
const ABOVE = 10_000_000;
/** What every run can wait for. */
const SHORT_MS = 3_000;
const budgeted = { content: { budget: { tokens: BUDGET } } };

const isObject = (value: WireValue | undefined): value is WireObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

async function a5(probe: Probe): Promise<void> {
  const agent = await ProbeAgent.dial(probe);
  const caller = await Caller.open(probe);
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const meta = { task_type: 'probe', deadline_ms: 60_000, trace };
  const [work] = await caller.reach(agent, 'a call', { ...budgeted, more: { qos: 'bronze', meta } });
  const { stream_id, flags = [], qos, meta: told = {} } = work.request;
  const is_opened = Number(stream_id) > 0 && Number(stream_id) % 2 === 0 && flags.includes('SYN');
  assert(is_opened, 'a stream that the server opens', () => shown(work.request));
  const { adapter_id, task, budget } = work.asked;
  assert(adapter_id === agent.name, `adapter_id ${agent.name}`, String(adapter_id));
  const is_ask = isObject(task) && (typeof task['prompt'] === 'string' || Array.isArray(task['messages']));
  assert(is_ask, 'a task with a prompt or messages', () => shown(work.request));
  const tokens = isObject(budget) ? budget['tokens'] : undefined;
  assert(typeof tokens === 'number' && tokens <= BUDGET, `a budget of at most ${BUDGET} tokens`, () =>
    shown(work.request),
  );
  assert(qos === 'bronze', 'the qos of the call', String(qos));
  assert(told.task_type === 'probe', 'the task_type of the call', String(told.task_type));
  const left = told.deadline_ms ?? 0;
  assert(left > 0 && left <= meta.deadline_ms, 'the deadline_ms of the call', String(told.deadline_ms));
  assert(told.trace?.split('-')[1] === trace.split('-')[1], 'the trace of the client', String(told.trace));
  const { node_id } = agent.peer.answer?.meta ?? {};
  const via = told.via ?? [];
  assert(node_id === undefined ? via.length > 0 : via.includes(node_id), 'the name of the server in via', via.join());
  work.error('EPOLICY');
}

/** Breaks a rule with its first dispatch, by which the server must end it. */
const breaking =
  (what: string, breaks: (work: AgentWork) => Promise<void> | void, capability: object = {}): Judge =>
  async (probe) => {
    const agent = await ProbeAgent.dial(probe, undefined, capability);
    const caller = await Caller.open(probe);
    const [work] = await caller.reach(agent);
    await breaks(work);
    await work.aborted('EPROTO', `an agent that ${what}`);
  };

/** Signs of work until the time of the estimate is over. */
async function lateEstimate(probe: Probe): Promise<void> {
  const { estimate_ms = 5_000 } = probe.target.agent_times ?? {};
  if (!probe.slow && estimate_ms > SHORT_MS) return;
  const agent = await ProbeAgent.dial(probe);
  const caller = await Caller.open(probe);
  const [work] = await caller.reach(agent);
  const note = setInterval(() => work.say({ type: 'agent.log', content: 'at it' }), estimate_ms / 4);
  try {
    await work.aborted('ETIMEOUT', 'an agent that gives no estimate', estimate_ms + probe.patience_ms);
  } finally {
    clearInterval(note);
  }
}

const a6 = each(
  breaking('estimates nothing', (work) => work.estimate({ in_tokens: 0, out_tokens: 0 })),
  breaking('has a p95 below half of its mean', (work) =>
    work.estimate({ in_tokens: 50, out_tokens: 50, p95_tokens: 49 }),
  ),
  async (probe) => {
    const agent = await ProbeAgent.dial(probe);
    const caller = await Caller.open(probe);
    const [work, stream_id] = await caller.reach(agent);
    work.error('EPOLICY');
    await caller.error(stream_id, 'that its agent declines');
    await caller.served(agent, 'has declined a call');
  },
  lateEstimate,
);

const a7 = each(
  async (probe) => {
    const agent = await ProbeAgent.dial(probe);
    const caller = await Caller.open(probe);
    const [dear] = await caller.reach(agent, 'a call', budgeted);
    dear.estimate({ out_tokens: ABOVE });
    await dear.aborted('EBUDGET', 'an estimate above the budget');
    const given = agent.peer.history.find(({ frame }) => frame.payload?.type === 'agent.dispatch');
    assert(given === undefined, 'no work for an agent that estimates more than the budget', 'agent.dispatch');
    const [work] = await caller.reach(agent, 'a call', budgeted);
    work.estimate();
    const frame = await work.given();
    const { task, budget } = (frame.payload?.content ?? {}) as WireObject;
    const is_same = isDeepStrictEqual(task, work.asked['task']) && isDeepStrictEqual(budget, work.asked['budget']);
    assert(is_same, 'the same task and budget in agent.dispatch as in the request', () => shown(frame));
    assert(has(frame, 'FIN'), 'agent.dispatch with FIN', () => shown(frame));
    work.final(undefined, 'FIN');
  },
  async (probe) => {
    const agent = await ProbeAgent.dial(probe);
    const caller = await Caller.open(probe);
    const [work, stream_id] = await caller.reach(agent, 'a call', budgeted);
    await work.begin();
    work.final({ text: 'done', usage: { in_tokens: 4, out_tokens: ABOVE } }, 'FIN');
    const { usage } = await caller.finalContent(stream_id);
    const { in_tokens = 0, out_tokens = 0 } = (usage ?? {}) as Readonly<Record<string, number>>;
    const used = in_tokens + out_tokens;
    assert(used <= BUDGET, `usage of at most the ${BUDGET} tokens of the budget`, `${used} tokens`);
    await caller.refused(agent, 'has reported more than its budget');
  },
);

const piece = (delta: string, seq?: number): Payload => {
  return { type: 'agent.result.partial', content: { kind: 'text', delta }, ...(seq !== undefined && { seq }) };
};

/** Members of `agent.stream` that the documents give no meaning here. */
const NAMES = { persona_id: 'p', clone_id: 'c', seq: 0 };
const CANARY = 'note-of-an-agent-to-nobody';

async function passedOn(probe: Probe): Promise<void> {
  const agent = await ProbeAgent.dial(probe);
  const caller = await Caller.open(probe);
  const [work, stream_id] = await caller.reach(agent);
  await work.begin();
  work.say(piece('a', 3));
  work.say({ type: 'agent.log', content: CANARY });
  work.say({ type: 'agent.result.partial', content: 'b' });
  work.say({ type: 'probe.unknown', content: CANARY });
  work.say({ type: 'agent.stream', content: { ...NAMES, session_id: agent.peer.session_id, data: 'c' } });
  work.final({ text: 'abc' }, 'FIN');
  const frames = await answerOf(caller.peer, stream_id);
  const parts = frames.filter(({ payload }) => payload?.type === 'agent.result.partial');
  const deltas = parts.map((frame) => (contentOf(caller.peer, frame) as { readonly delta?: string }).delta ?? '');
  assert(deltas.join('') === 'abc', 'the three chunks of the agent, passed on in order', deltas.join(' '));
  const leak = caller.peer.history.find(({ frame, text }) => isMessage(frame) && text.includes(CANARY));
  assert(leak === undefined, 'nothing of agent.log and of unknown types passed on', 'it');
}

const at =
  (...said: readonly Payload[]) =>
  async (work: AgentWork): Promise<void> => {
    await work.begin();
    for (const payload of said) work.say(payload);
  };

const a9 = each(
  passedOn,
  breaking('counts backwards', at(piece('a', 1), piece('b', 0))),
  breaking('sends a chunk without a kind', at({ type: 'agent.result.partial', content: { delta: 'a' } })),
  breaking('says an estimate again', async (work) => (await work.begin()).estimate()),
);

const FINAL: Payload = { type: 'agent.result.final', content: { text: 'done' } };

async function finals(probe: Probe): Promise<void> {
  const agent = await ProbeAgent.dial(probe);
  const caller = await Caller.open(probe);
  for (const content of ['as a text', { text: 'as a text' }]) {
    const [work, stream_id] = await caller.reach(agent);
    await work.begin();
    work.final(content);
    work.say(undefined, 'FIN');
    const { text } = await caller.finalContent(stream_id);
    assert(text === 'as a text', 'the text of the agent in the result of the call', String(text));
  }
  const [work, stream_id] = await caller.reach(agent);
  await work.begin();
  work.say(undefined, 'FIN');
  const end = last(await answerOf(caller.peer, stream_id));
  assert(end.payload?.type === 'error', 'an error where the agent ends without a result', () => shown(end));
  await caller.refused(agent, 'has ended without a result');
}

const a10 = each(
  finals,
  breaking('ends with a result that is none', at({ type: 'agent.result.final', content: { words: 'done' } })),
  breaking('goes on behind its result', at(FINAL, piece('more'))),
  breaking('does not report the usage that it has promised', at(FINAL), { capabilities: ['chat', 'usage'] }),
);

export const AGENTS_WORK: readonly Sentence[] = [
  {
    id: 'A5',
    level: 'L1',
    title: 'An agent is first asked what the task will need, with all that is of the call',
    judge: a5,
  },
  { id: 'A6', level: 'L1', title: 'An agent that does not estimate, or nothing, is not given the work', judge: a6 },
  { id: 'A7', level: 'L1', title: 'An estimate above the budget is refused, and more usage not charged', judge: a7 },
  {
    id: 'A9',
    level: 'L1',
    title: 'Chunks are passed on in order, and what has no place there ends the dispatch',
    judge: a9,
  },
  { id: 'A10', level: 'L1', title: 'The last message is the result, and what is none ends the dispatch', judge: a10 },
];
