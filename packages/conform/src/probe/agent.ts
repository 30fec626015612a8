import { randomBytes } from 'node:crypto';
import type { AdapterEstimateContent, Frame, Payload, WireErrorContent, WireObject } from '@atp-router/wire';
import { errorOf, has, isMessage, mainLane } from './frames.ts';
import { assert, Failed, Skipped } from './outcome.ts';
import { isReset, type Peer } from './peer.ts';
import type { Probe } from './probe.ts';

/** How often it is looked whether something came, where several may be the ones that get it. */
const LOOK_MS = 20;

const text = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 300);

/** One dispatch at an agent: the stream that the server opened, with the messages of the agent numbered. */
export class AgentWork {
  /** The frame with the estimate request. */
  readonly request: Frame;
  readonly #peer: Peer;
  #next = 0;

  constructor(peer: Peer, request: Frame) {
    this.#peer = peer;
    this.request = request;
  }

  get asked(): WireObject {
    return (this.request.payload?.content ?? {}) as WireObject;
  }

  say(payload: Payload | undefined, ...flags: readonly string[]): void {
    const { stream_id } = this.request;
    const more = payload === undefined ? ({ payload: undefined } as object) : {};
    this.#peer.message({ stream_id, msg_seq: this.#next, flags, more, ...(payload && { payload }) });
    this.#next += 1;
  }

  estimate(over: Partial<AdapterEstimateContent> = {}, ...flags: readonly string[]): void {
    const content = { in_tokens: 4, out_tokens: 4, usd_micros: 0, ...over } as WireObject;
    this.say({ type: 'adapter.estimate', content }, ...flags);
  }

  error(code: string): void {
    this.say({ type: 'error', content: { code, reason: 'The probe says no.' } }, 'FIN');
  }

  /** The last message of the server: the work itself. */
  async given(): Promise<Frame> {
    const { stream_id } = this.request;
    const fits = (one: Frame): boolean =>
      (one.stream_id === stream_id && one.payload?.type === 'agent.dispatch') || isReset(one, stream_id);
    const { frame } = await this.#peer.expect('agent.dispatch behind an estimate', fits);
    assert(!has(frame, 'RST'), 'agent.dispatch behind an estimate', () => `RST ${text(errorOf(frame))}`);
    this.#peer.acknowledge(mainLane(stream_id), frame.msg_seq);
    return frame;
  }

  /** Answers the estimate well, and waits for the work. */
  async begin(): Promise<this> {
    this.estimate();
    await this.given();
    return this;
  }

  final(content: WireObject | string = { text: 'done', finish: 'stop' }, ...flags: readonly string[]): void {
    this.say({ type: 'agent.result.final', content }, ...flags);
  }

  /** Waits until the server aborts it, and confirms that. */
  async aborted(code: string, why: string, within_ms?: number): Promise<WireErrorContent> {
    const { stream_id } = this.request;
    const what = `RST with ${code} on the stream of ${why}`;
    const { frame } = await this.#peer.expect(what, (one) => isReset(one, stream_id), within_ms);
    this.#peer.control(['RST', 'ACK'], undefined, { stream_id });
    const error = errorOf(frame);
    assert(error?.code === code, what, () => `RST with ${error?.code ?? 'no error'}`);
    return error;
  }
}

/** An agent of which every message is written by hand. */
export class ProbeAgent {
  readonly peer: Peer;
  readonly name: string;
  /** Names of models by which calls reach it, as the server said. */
  routes: readonly string[] = [];
  readonly #probe: Probe;
  readonly #streams: Set<string> = new Set();
  #said = 0;

  constructor(probe: Probe, peer: Peer, name: string) {
    this.#probe = probe;
    this.peer = peer;
    this.name = name;
  }

  /** Opens a session as one that will be an agent; skips without a key to do so. */
  static async connect(probe: Probe, name?: string): Promise<ProbeAgent> {
    const { agent_key } = probe.target;
    if (agent_key === undefined) throw new Skipped('There is no key to dial in with as an agent (--agent-key).');
    const peer = probe.beating(await probe.open({ key: agent_key }));
    return new ProbeAgent(probe, peer, name ?? `probe-${randomBytes(8).toString('hex')}`);
  }

  /** An agent that the server has accepted; skips when it takes none of this key. */
  static async dial(probe: Probe, name?: string, more: object = {}): Promise<ProbeAgent> {
    const agent = await ProbeAgent.connect(probe, name);
    const answer = await agent.advertise(more);
    const { code } = (answer.content ?? {}) as { readonly code?: string };
    if (answer.type === 'error' && code === 'EPOLICY') throw new Skipped('The server takes no agents of --agent-key.');
    assert(answer.type === 'adapter.accepted', 'adapter.accepted for a good capability', () => text(answer));
    const { routes } = answer.content as { readonly routes?: readonly string[] };
    agent.routes = routes ?? [];
    return agent;
  }

  /** The same agent on another connection of its session; undefined where sessions are not resumed. */
  async resume(): Promise<ProbeAgent | undefined> {
    const { resume_token: token } = this.peer.hello;
    const { agent_key } = this.#probe.target;
    if (token === undefined || agent_key === undefined) return undefined;
    this.peer.ws.cut();
    const peer = (await this.#probe.peer({ key: agent_key })).follow(this.peer);
    peer.control(['SYN'], { type: 'control.resume', content: { token, acks: [] } });
    await this.#probe.answered(peer);
    const agent = new ProbeAgent(this.#probe, this.#probe.beating(peer), this.name);
    agent.routes = this.routes;
    agent.#said = this.#said;
    for (const stream_id of this.#streams) agent.#streams.add(stream_id);
    return agent;
  }

  get route(): string {
    const [route] = this.routes;
    assert(route !== undefined, 'names of models by which calls reach the agent, in adapter.accepted', 'none');
    return route;
  }

  /** Says something on stream 0, and waits until it has arrived. */
  async tell(payload: Payload): Promise<void> {
    const msg_seq = this.#said;
    this.#said += 1;
    this.peer.message({ stream_id: '0', msg_seq, flags: [], payload });
    await this.peer.acked(msg_seq, '0');
  }

  /** Says what it is. Gives what the server answers. */
  async advertise(more: object = {}): Promise<Payload> {
    const content = { adapter_id: this.name, capabilities: ['chat'], ...more };
    const what = 'adapter.accepted, or an error, on stream 0 in answer to adapter.capability';
    await this.tell({ type: 'adapter.capability', content });
    const types = ['adapter.accepted', 'error'];
    const { frame } = await this.peer.expect(what, (one) => isMessage(one) && types.includes(one.payload?.type ?? ''));
    assert(frame.stream_id === '0', what, `it on stream ${frame.stream_id}`);
    this.peer.acknowledge(mainLane('0'), frame.msg_seq);
    return frame.payload as Payload;
  }

  status(status: string, more: object = {}): Promise<void> {
    return this.tell({ type: 'control.status', content: { status, ...more } } as Payload);
  }

  health(status: string): Promise<void> {
    return this.tell({ type: 'adapter.health', content: { adapter_id: this.name, status } });
  }

  /** The next dispatch, if one comes in time. */
  async maybeAsked(within_ms: number): Promise<AgentWork | undefined> {
    const fits = (one: Frame): boolean =>
      isMessage(one) && one.payload?.type === 'adapter.estimate_request' && !this.#streams.has(one.stream_id);
    const came = await this.peer.maybe(fits, within_ms);
    // Nothing more can come: whoever looks again and again would do so for ever.
    assert(came !== undefined || !this.peer.ws.closed, 'an agent that keeps its connection', 'the connection closed');
    if (came === undefined) return undefined;
    const { stream_id, msg_seq } = came.frame;
    this.#streams.add(stream_id);
    this.peer.acknowledge(mainLane(stream_id), msg_seq);
    return new AgentWork(this.peer, came.frame);
  }

  async asked(why: string = 'a call of its model', within_ms: number = this.#probe.patience_ms): Promise<AgentWork> {
    const work = await this.maybeAsked(within_ms);
    assert(work !== undefined, `adapter.estimate_request at the agent for ${why}`, 'none');
    return work;
  }

  /** Nothing has been given to it. To be asked when the call has its answer. */
  async idle(why: string): Promise<void> {
    const work = await this.maybeAsked(LOOK_MS);
    assert(work === undefined, `nothing given to ${why}`, () => text(work?.request));
  }

  /** Does with each dispatch what `handle` does, until the answer of the call is there. */
  async serving<T>(answer: Promise<T>, handle: (work: AgentWork) => unknown): Promise<T> {
    let is_over = false;
    const done = answer.finally(() => {
      is_over = true;
    });
    const isOver = (): boolean => is_over;
    const serve = async (): Promise<void> => {
      while (!isOver()) {
        const work = await this.maybeAsked(LOOK_MS);
        if (work !== undefined) await handle(work);
      }
    };
    const [result] = await Promise.all([done, serve()]);
    return result;
  }
}

/** Which of several agents is given the next dispatch. */
export async function nextOf(
  probe: Probe,
  agents: readonly ProbeAgent[],
  why: string,
): Promise<readonly [ProbeAgent, AgentWork]> {
  const end_ms = performance.now() + probe.patience_ms;
  while (performance.now() < end_ms) {
    for (const agent of agents) {
      const work = await agent.maybeAsked(LOOK_MS);
      if (work !== undefined) return [agent, work];
    }
  }
  throw new Failed(`adapter.estimate_request at one of the agents for ${why}`, 'none');
}
