import type { LinkPeer, UpstreamExchange } from '@atp-router/adapters';
import { AtpError } from '@atp-router/kernel';
import type { AgentCheck } from '../../atp/agents/checked.ts';
import type { AgentsElsewhere } from '../../atp/agents/elsewhere.ts';
import type { AgentInstance } from '../../atp/agents/roster.ts';
import { KIND } from '../shared-view.ts';
import { type AgentsChange, type AgentsOf, isAgentsChange, NO_AGENTS } from './changes.ts';
import { AgentsRegistry, idIn, workerOf } from './registry.ts';

/** A check takes a minute at most. */
const CHECK_MS = 70_000;

type Tell = Pick<LinkPeer, 'send' | 'ask'>;

/** All workers' agents as the owner knows them, who tells each worker of those of the others. */
export class OwnerAgents implements AgentsElsewhere {
  readonly #registry: AgentsRegistry = new AgentsRegistry();
  readonly #workers: () => ReadonlyMap<number, Tell>;

  /** `workers`: those that are linked now. */
  constructor(workers: () => ReadonlyMap<number, Tell>) {
    this.#workers = workers;
  }

  get agents(): readonly AgentInstance[] {
    return this.#registry.all;
  }

  takes(): boolean {
    return false;
  }

  isShort(): boolean {
    return false;
  }

  window(id: string): number | undefined {
    return this.#registry.get(id)?.window ?? undefined;
  }

  send(): UpstreamExchange {
    throw new AtpError('internal_error', 'This process serves no calls.');
  }

  async check({ id, at = '' }: AgentInstance): Promise<AgentCheck | undefined> {
    const worker = this.#workers().get(workerOf(at) ?? 0);
    const found = await worker?.ask(KIND.check_agent, idIn(id), { timeout_ms: CHECK_MS });
    return found === undefined ? undefined : { ...(found as AgentCheck), id };
  }

  changed(): void {}

  /** A worker tells of its own. One that tells of all knows of nobody else yet. */
  tell(worker: number, body: unknown): void {
    if (!isAgentsChange(body)) throw new AtpError('internal_error', 'A worker told of agents that are none.');
    this.#registry.take(worker, body);
    this.#pass(worker, body);
    if (!body.is_all) return;
    const one = this.#workers().get(worker);
    for (const other of this.#registry.workers)
      if (other !== worker) one?.send(KIND.agents, { worker: other, change: this.#registry.of(other) });
  }

  /** It is gone, and its agents with it. */
  forget(worker: number): void {
    if (this.#registry.forget(worker)) this.#pass(worker, NO_AGENTS);
  }

  #pass(worker: number, change: AgentsChange): void {
    const body: AgentsOf = { worker, change };
    for (const [n, one] of this.#workers()) if (n !== worker) one.send(KIND.agents, body);
  }
}
