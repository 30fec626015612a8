import type { Frame, WireErrorContent } from '@atp-router/wire';
import { errorOf } from '../probe/frames.ts';
import type { AgentWork, ProbeAgent } from '../probe/agent.ts';
import { assert } from '../probe/outcome.ts';
import type { Peer } from '../probe/peer.ts';
import type { Probe } from '../probe/probe.ts';
import { answerOf, type Asked, begin, contentOf, last, shown } from './asking.ts';

/** A client whose calls are for one agent. Each call has a stream of its own. */
export class Caller {
  readonly peer: Peer;
  readonly #probe: Probe;
  #stream = 1;

  private constructor(probe: Probe, peer: Peer) {
    this.#probe = probe;
    this.peer = peer;
  }

  static async open(probe: Probe, key?: string): Promise<Caller> {
    return new Caller(probe, probe.beating(await probe.open(key === undefined ? {} : { key })));
  }

  /** Asks for the agent, and gives the stream. */
  call(agent: ProbeAgent, asked: Asked = {}, model: string = agent.route): string {
    const stream_id = String(this.#stream);
    this.#stream += 2;
    const task = { ...this.#probe.task(), model };
    return begin(this.#probe, this.peer, { flags: ['SYN', 'FIN'], task, ...asked, stream_id });
  }

  /** Asks, and gives the dispatch that the agent gets for it. */
  async reach(agent: ProbeAgent, why?: string, asked?: Asked): Promise<readonly [work: AgentWork, stream_id: string]> {
    const stream_id = this.call(agent, asked);
    return [await agent.asked(why), stream_id];
  }

  /** The final result of a call. */
  async final(stream_id: string): Promise<Frame> {
    const final = last(await answerOf(this.peer, stream_id));
    assert(final.payload?.type === 'agent.result.final', 'the result of the agent as that of the call', () =>
      shown(final),
    );
    return final;
  }

  async finalContent(stream_id: string): Promise<Readonly<Record<string, unknown>>> {
    return contentOf(this.peer, await this.final(stream_id)) as Readonly<Record<string, unknown>>;
  }

  /** The error that a call ends with. */
  async error(stream_id: string, why: string, within_ms?: number): Promise<WireErrorContent> {
    const end = last(await answerOf(this.peer, stream_id, within_ms));
    const error = errorOf(end);
    assert(error !== undefined, `an error as the answer of a call ${why}`, () => shown(end));
    return error;
  }

  /** Such a call fails, and the agent is given nothing of it. */
  async refused(agent: ProbeAgent, why: string, asked?: Asked): Promise<WireErrorContent> {
    const stream_id = this.call(agent, asked);
    const error = await agent.serving(this.error(stream_id, `of an agent that ${why}`), (work) => {
      assert(false, `nothing given to an agent that ${why}`, () => shown(work.request));
    });
    await agent.idle(`an agent that ${why}`);
    return error;
  }

  /** Such a call reaches the agent, which answers it well. */
  async served(agent: ProbeAgent, why: string): Promise<void> {
    const [work, stream_id] = await this.reach(agent, `an agent that ${why}`);
    await work.begin();
    work.final(undefined, 'FIN');
    await this.final(stream_id);
  }
}
