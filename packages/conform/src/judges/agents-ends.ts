import type { Frame } from '@atp-router/wire';
import { type AgentWork, nextOf, ProbeAgent } from '../probe/agent.ts';
import { isMessage } from '../probe/frames.ts';
import { assert, skipUnless } from '../probe/outcome.ts';
import type { Probe } from '../probe/probe.ts';
import type { Sentence } from '../sentence.ts';
import { answerOf } from './asking.ts';
import { Caller } from './calling.ts';
import { each } from './support.ts';

/** What every run can wait for, and the longest that a slow one does. */
const SHORT_MS = 3_000;
const LONG_MS = 120_000;

async function a11(probe: Probe): Promise<void> {
  const { idle_ms = 60_000 } = probe.target.agent_times ?? {};
  skipUnless(idle_ms <= LONG_MS, `It takes a silence of ${idle_ms} ms, longer than any run.`);
  skipUnless(probe.slow || idle_ms <= SHORT_MS, `It takes a silence of ${idle_ms} ms (--slow).`);
  const agent = await ProbeAgent.dial(probe);
  const caller = await Caller.open(probe);
  const [work] = await caller.reach(agent);
  await work.begin();
  // From its first message on it is the silence between two that counts.
  work.say({ type: 'agent.log', content: 'begun' });
  const from_ms = performance.now();
  await work.aborted('ETIMEOUT', 'an agent that has fallen silent', idle_ms + probe.patience_ms);
  const after_ms = performance.now() - from_ms;
  assert(after_ms > idle_ms / 2, `${idle_ms} ms of silence before that`, `${Math.round(after_ms)} ms`);
}

const ABORT = { type: 'error', content: { code: 'EPREEMPT', reason: 'Not wanted any more.' } };

const a12 = each(
  async (probe) => {
    const agent = await ProbeAgent.dial(probe);
    const caller = await Caller.open(probe);
    for (const has_begun of [false, true]) {
      const [work, stream_id] = await caller.reach(agent);
      if (has_begun) await work.begin();
      caller.peer.control(['RST'], ABORT, { stream_id });
      await work.aborted('EPREEMPT', 'a call whose client has left');
    }
  },
  async (probe) => {
    const agent = await ProbeAgent.dial(probe);
    const caller = await Caller.open(probe);
    const [work, stream_id] = await caller.reach(agent);
    await work.begin();
    work.say({ type: 'error', content: { code: 'EPOLICY', reason: 'The probe says no.' } });
    await work.aborted('EPREEMPT', 'an agent that has said error, and not FIN');
    await caller.error(stream_id, 'whose agent has said error');
  },
);

async function elsewhere(probe: Probe): Promise<void> {
  const { reconnect_ms = 2_000 } = probe.target.agent_times ?? {};
  const agent = await ProbeAgent.dial(probe);
  const caller = await Caller.open(probe);
  const [work, stream_id] = await caller.reach(agent);
  await work.begin();
  const other = await ProbeAgent.dial(probe, agent.name);
  agent.peer.ws.cut();
  const next = await other.asked('a call whose agent has lost its connection', reconnect_ms + probe.patience_ms);
  await next.begin();
  next.final({ text: 'of the other' }, 'FIN');
  const { text } = await caller.finalContent(stream_id);
  assert(text === 'of the other', 'the answer of the other instance', String(text));
}

/** What has reached the client is not said again by another instance. */
async function once(probe: Probe): Promise<void> {
  const { reconnect_ms = 2_000 } = probe.target.agent_times ?? {};
  const agent = await ProbeAgent.dial(probe);
  const caller = await Caller.open(probe);
  const [work, stream_id] = await caller.reach(agent);
  await work.begin();
  work.say({ type: 'agent.result.partial', content: 'once' });
  const isPart = (one: Frame): boolean => one.payload?.type === 'agent.result.partial';
  const chunk = await caller.peer.expect('the chunk of the agent', (one) => isMessage(one) && isPart(one));
  // It is read again as a part of the answer.
  caller.peer.came.put(chunk);
  const other = await ProbeAgent.dial(probe, agent.name);
  agent.peer.ws.cut();
  const ended = answerOf(caller.peer, stream_id, reconnect_ms + probe.patience_ms);
  const frames = await other.serving(ended, async (next) => {
    await next.begin();
    next.say({ type: 'agent.result.partial', content: 'once' });
    next.final('once', 'FIN');
  });
  const parts = frames.filter(isPart);
  assert(parts.length === 1, 'the chunk that has reached the client, once', `${parts.length} chunks`);
}

/** Strikes that are too many. */
const STRIKES = 3;

async function hardFault(probe: Probe): Promise<void> {
  const agent = await ProbeAgent.dial(probe);
  const caller = await Caller.open(probe);
  const [work, stream_id] = await caller.reach(agent);
  work.estimate({ in_tokens: 0, out_tokens: 0 });
  await agent.serving(caller.error(stream_id, 'whose agent breaks a rule'), () => {
    assert(false, 'nothing given to an agent that has just broken a rule', 'the call, again');
  });
  await caller.refused(agent, 'has broken a rule');
  await agent.advertise({ version: '2' });
  await caller.served(agent, 'has come with another version');
}

/** Lapses until there are too many; the time of an estimate each. */
async function lapses(probe: Probe): Promise<void> {
  const { estimate_ms = 5_000 } = probe.target.agent_times ?? {};
  if (!probe.slow && estimate_ms > SHORT_MS) return;
  const agent = await ProbeAgent.dial(probe);
  const caller = await Caller.open(probe);
  let strikes = 0;
  while (strikes < STRIKES) {
    const before = strikes;
    const stream_id = caller.call(agent);
    const ended = caller.error(stream_id, 'whose agent is silent', STRIKES * estimate_ms + probe.patience_ms);
    await agent.serving(ended, () => {
      strikes += 1;
    });
    assert(strikes > before, `a call given to an agent with ${before} lapses`, 'nothing');
  }
  assert(strikes === STRIKES, `nothing given to an agent with ${STRIKES} lapses`, `${strikes} dispatches`);
  await caller.refused(agent, `has ${STRIKES} lapses`);
}

/** What an agent says, and what its client is then told. */
const TOLD: readonly (readonly [code: string, error: string])[] = [
  ['EBUDGET', 'budget_exhausted'],
  ['EWINDOW', 'rate_limited'],
  ['EPREEMPT', 'rate_limited'],
  ['EDRAINING', 'backpressure'],
  ['ETIMEOUT', 'upstream_timeout'],
  ['EPROTO', 'upstream_error'],
  ['EPOLICY', 'upstream_rejected'],
  ['ECODE_OF_NOBODY', 'upstream_error'],
];

interface Told {
  readonly details?: { readonly error?: unknown; readonly origin?: unknown };
}

function assertTold({ details = {} }: Told, what: string, error: string, origin: 'local' | 'remote'): void {
  const { error: told, origin: whose } = details;
  assert(
    told === error && whose === origin,
    `${what} told as ${error}, ${origin}`,
    `${String(told)}, ${String(whose)}`,
  );
}

/** The error of the attempt, or that of another one, which finds nobody. */
function assertToldOrNobody(told: Told, what: string, error: string): void {
  const is_nobody = told.details?.error === 'no_models_available';
  assertTold(told, what, is_nobody ? 'no_models_available' : error, is_nobody ? 'local' : 'remote');
}

async function words(probe: Probe): Promise<void> {
  const agent = await ProbeAgent.dial(probe);
  const caller = await Caller.open(probe);
  for (const [code, error] of TOLD) {
    const stream_id = caller.call(agent);
    const told = await agent.serving(caller.error(stream_id, `whose agent says ${code}`), (work) => work.error(code));
    assertTold(told as Told, `"error" with ${code}`, error, 'remote');
  }
}

async function states(probe: Probe): Promise<void> {
  const agent = await ProbeAgent.dial(probe);
  const caller = await Caller.open(probe);
  const [dear, stream_id] = await caller.reach(agent, 'a call', { content: { budget: { tokens: 20_000 } } });
  dear.estimate({ out_tokens: 10_000_000 });
  const told = await caller.error(stream_id, 'whose agent estimates more than its budget');
  assertTold(told as Told, 'an estimate above the budget', 'budget_exhausted', 'local');
  await agent.status('BUSY');
  assertTold((await caller.refused(agent, 'is busy')) as Told, 'that all are busy', 'backpressure', 'local');
  await agent.status('READY');
  await agent.health('down');
  const unwell = await caller.refused(agent, 'is down');
  assertTold(unwell as Told, 'that nobody is well', 'no_models_available', 'local');
  await agent.health('well');
  const [, open] = await caller.reach(agent);
  agent.peer.control(['RST'], ABORT);
  const gone = await caller.error(open, 'whose agent has ended its session');
  assertToldOrNobody(gone as Told, 'a session that is over', 'upstream_error');
  const nobody = await caller.error(caller.call(agent), 'of an agent that has gone');
  assertTold(nobody as Told, 'that nobody is there', 'no_models_available', 'local');
}

/** Faults, each of an agent of its own. */
const FAULTS: readonly (readonly [what: string, error: string, breaks: (work: AgentWork) => Promise<void> | void])[] = [
  ['an estimate of nothing', 'upstream_error', (work) => work.estimate({ in_tokens: 0, out_tokens: 0 })],
  ['an end without a result', 'stream_truncated', async (work) => (await work.begin()).say(undefined, 'FIN')],
  ['a result that is none', 'upstream_error', async (work) => (await work.begin()).final({ words: 'done' }, 'FIN')],
];

async function faults(probe: Probe): Promise<void> {
  const caller = await Caller.open(probe);
  for (const [what, error, breaks] of FAULTS) {
    const agent = await ProbeAgent.dial(probe);
    const stream_id = caller.call(agent);
    const told = await agent.serving(caller.error(stream_id, `whose agent says ${what}`), breaks);
    assertToldOrNobody(told as Told, what, error);
  }
}

/** The call goes on with another instance. */
async function goesOn(probe: Probe): Promise<void> {
  const agent = await ProbeAgent.dial(probe);
  const both = [agent, await ProbeAgent.dial(probe, agent.name)];
  const caller = await Caller.open(probe);
  const stream_id = caller.call(agent);
  const [first, work] = await nextOf(probe, both, 'a call');
  work.estimate({ in_tokens: 0, out_tokens: 0 });
  const [second, more] = await nextOf(probe, both, 'a call whose first agent has broken a rule');
  assert(second !== first, 'the call given to another instance', 'it at the same one');
  await more.begin();
  more.final(undefined, 'FIN');
  await caller.final(stream_id);
}

export const AGENTS_ENDS: readonly Sentence[] = [
  { id: 'A11', level: 'L1', title: 'An agent that falls silent in its work is given up', judge: a11 },
  { id: 'A12', level: 'L1', title: 'Work that nobody waits for is aborted', judge: a12 },
  {
    id: 'A13',
    level: 'L1',
    title: 'Work of an agent that has lost its connection is done elsewhere, and answered once',
    judge: each(elsewhere, once),
  },
  { id: 'A16', level: 'L1', title: 'An agent that breaks the rules is not routed to', judge: each(hardFault, lapses) },
  {
    id: 'A17',
    level: 'L1',
    title: 'What became of an attempt is told by its error, or another instance goes on',
    judge: each(words, states, faults, goesOn),
  },
  {
    id: 'A18',
    level: 'L1',
    title: 'Calls wait for shared agents that are busy',
    not_observable:
      'Whether the agents of a key are shared, and how long calls may wait for them, is the operator’s to say.',
  },
];
