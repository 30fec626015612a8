import type { Payload } from '@atp-router/wire';
import { nextOf, ProbeAgent } from '../probe/agent.ts';
import { assert, skipUnless } from '../probe/outcome.ts';
import type { Probe } from '../probe/probe.ts';
import type { Sentence } from '../sentence.ts';
import { shown } from './asking.ts';
import { Caller } from './calling.ts';
import { each } from './support.ts';

const text = (payload: Payload): string => JSON.stringify(payload).slice(0, 300);

/** What `adapter.capability` was refused with. */
function refusal(answer: Payload, adapter_id: string, what: string): string {
  const { code, details } = (answer.content ?? {}) as { readonly code?: string; readonly details?: object };
  const told = (details as { readonly adapter_id?: unknown } | undefined)?.adapter_id;
  const is_told = answer.type === 'error' && code !== undefined && told === adapter_id;
  assert(is_told, `an error with details.adapter_id for ${what}`, () => text(answer));
  return code;
}

/** As many as a session's agent has, and one more. */
const MODELS = Array.from({ length: 65 }, (_, i) => `probe-model-${i}`);

async function a1(probe: Probe): Promise<void> {
  const agent = await ProbeAgent.dial(probe);
  const again = await agent.advertise();
  const { routes = [] } = (again.content ?? {}) as { readonly routes?: readonly string[] };
  const is_same = again.type === 'adapter.accepted' && routes.join() === agent.routes.join();
  assert(is_same, 'the same answer to the same capability', () => text(again));
  const other = `${agent.name}-other`;
  refusal(await agent.advertise({ adapter_id: other }), other, 'a second agent of a session');
  refusal(await agent.advertise({ models: MODELS }), agent.name, 'a capability with 65 models');
  const caller = await Caller.open(probe);
  await caller.served(agent, 'has said the same again');
}

async function a2(probe: Probe): Promise<void> {
  const agent = await ProbeAgent.connect(probe);
  for (const bad of ['-dash', 'white space']) {
    const code = refusal(await agent.advertise({ adapter_id: bad }), bad, `the adapter_id "${bad}"`);
    assert(code === 'EPROTO', 'EPROTO for a capability that is none', code);
  }
  const model = `${agent.name}-model`;
  const taken = await ProbeAgent.dial(probe, agent.name, { models: [model] });
  for (const name of [agent.name, model]) {
    const route = taken.routes.find((one) => one.endsWith(`/${name}`));
    assert(route !== undefined, `a name <provider>/${name} among the routes`, () => taken.routes.join(', '));
  }
  const good = await agent.advertise();
  assert(good.type === 'adapter.accepted', 'a session that goes on after a refusal', () => text(good));
  const caller = await Caller.open(probe);
  for (const route of taken.routes) {
    caller.call(taken, {}, route);
    // The agent of the other session has one of the names, too.
    const [, work] = await nextOf(probe, [taken, agent], `a call of ${route}`);
    work.error('EPOLICY');
  }
}

async function a3(probe: Probe): Promise<void> {
  const agent = await ProbeAgent.dial(probe);
  const { other_key } = probe.target;
  skipUnless(other_key !== undefined, 'There is no key of another tenant (--other-key).');
  const stranger = await Caller.open(probe, other_key);
  await stranger.refused(agent, 'is of another tenant');
  const caller = await Caller.open(probe);
  await caller.served(agent, 'is of the tenant');
}

/** Of two that have kept to the rules, the one with fewer dispatches is next. */
async function a4(probe: Probe): Promise<void> {
  const agent = await ProbeAgent.dial(probe);
  const both = [agent, await ProbeAgent.dial(probe, agent.name)];
  const caller = await Caller.open(probe);
  const streams = [caller.call(agent)];
  const [first, work] = await nextOf(probe, both, 'a first call');
  await work.begin();
  for (const which of ['second', 'third']) {
    const stream_id = caller.call(agent);
    const [next, more] = await nextOf(probe, both, `a ${which} call`);
    assert(next !== first, `the ${which} call given to the instance that has nothing to do`, 'it at the other one');
    await more.begin();
    more.final(undefined, 'FIN');
    await caller.final(stream_id);
  }
  work.final(undefined, 'FIN');
  await caller.final(streams[0] as string);
}

/** More than any call may use. */
const TINY = 1;

async function a14(probe: Probe): Promise<void> {
  const agent = await ProbeAgent.dial(probe);
  const caller = await Caller.open(probe);
  await agent.status('READY', { suggested_window: { max_tokens: TINY } });
  await caller.refused(agent, 'takes one token at a time');
  await agent.status('READY', { suggested_window: {} });
  await caller.served(agent, 'takes any number of tokens again');
  await agent.status('DRAINING');
  await caller.refused(agent, 'drains');
}

async function a15(probe: Probe): Promise<void> {
  const agent = await ProbeAgent.dial(probe);
  const caller = await Caller.open(probe);
  for (const status of ['degraded', 'down']) {
    await agent.health(status);
    await caller.refused(agent, `is ${status}`);
    await agent.health('as-never-before');
    await caller.served(agent, 'says a word of its own of its health');
  }
}

/** Behind the grace of a pause. */
const GRACE_MS = 2_500;

const s25 = each(
  async (probe) => {
    const agent = await ProbeAgent.dial(probe);
    const caller = await Caller.open(probe);
    await agent.status('BUSY');
    await caller.refused(agent, 'is busy');
    await agent.status('READY', { suggested_window: { max_parallel: 1 } });
    const [work, stream_id] = await caller.reach(agent, 'an agent that is ready again');
    await work.begin();
    await caller.refused(agent, 'takes one stream, and has one');
    work.final(undefined, 'FIN');
    const final = await caller.final(stream_id);
    assert(final.payload !== undefined, 'the result of the one stream', () => shown(final));
  },
  async (probe) => {
    const agent = await ProbeAgent.dial(probe);
    const caller = await Caller.open(probe);
    await agent.status('PAUSE');
    // What is given within the grace is refused, so that it is out of the way.
    const grace = new Promise<undefined>((resolve) => setTimeout(resolve, GRACE_MS, undefined));
    await agent.serving(grace, (work) => work.error('EDRAINING'));
    await caller.refused(agent, 'has paused for longer than the grace');
    await agent.status('READY');
    await caller.served(agent, 'is ready again');
  },
  overResumption,
);

/** Says what it is anew, as it has to, and of its status nothing. */
async function overResumption(probe: Probe): Promise<void> {
  const first = await ProbeAgent.dial(probe);
  await first.status('BUSY');
  const agent = await first.resume();
  if (agent === undefined) return;
  const answer = await agent.advertise();
  assert(answer.type === 'adapter.accepted', 'adapter.accepted after a resumption', () => text(answer));
  const caller = await Caller.open(probe);
  await caller.refused(agent, 'was busy before it resumed its session');
  await agent.status('READY');
  await caller.served(agent, 'is ready after it has resumed its session');
}

export const AGENTS_COMING: readonly Sentence[] = [
  { id: 'A1', level: 'L1', title: 'A session has one agent, and the same capability again changes nothing', judge: a1 },
  {
    id: 'A2',
    level: 'L1',
    title: 'A capability is answered with the names that reach the agent, or an error, and the session goes on',
    judge: a2,
  },
  { id: 'A3', level: 'L2', title: 'An agent is given calls of its own tenant, and of no other', judge: a3 },
  { id: 'A4', level: 'L1', title: 'Of instances the one with the fewest dispatches is next', judge: a4 },
  { id: 'A14', level: 'L1', title: 'Status and window bound what an agent is given', judge: a14 },
  { id: 'A15', level: 'L1', title: 'An agent that is not well is given nothing', judge: a15 },
  { id: 'S25', level: 'L1', title: 'control.status bounds what an agent is given', judge: s25 },
];
