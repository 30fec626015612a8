import type { UpstreamExchange, UpstreamHandler } from '@atp-router/adapters';
import type { AgentExchange } from './agent-exchange.ts';
import type { AgentHub } from './agent-hub.ts';
import type { AgentWork } from './elsewhere.ts';
import { blamedOf, exchangeWith } from './exchange-with.ts';
import { choose, Patience } from './patience.ts';
import { type AgentInstance, NOBODY, type Nobody } from './roster.ts';
import { nobody } from './verdicts.ts';

/** Agents that refused although they had said they would take a stream: each candidate is asked once. */
const TRIES_MAX = 8;

/** One attempt on its way to the agent that takes it, here or at another process. */
export class Placement implements UpstreamExchange {
  readonly #hub: AgentHub;
  readonly #work: AgentWork;
  readonly #handler: UpstreamHandler;
  /** Processes that have none for it now, whatever was known of them. */
  readonly #refusals: Map<string, Nobody> = new Map();
  #exchange: UpstreamExchange | undefined;
  readonly #patience: Patience;
  #tries = 0;
  #is_paused = false;

  constructor(hub: AgentHub, work: AgentWork, handler: UpstreamHandler) {
    this.#hub = hub;
    this.#work = work;
    this.#handler = handler;
    this.#patience = new Patience(hub, work);
  }

  begin(): void {
    let why: Nobody = 'busy';
    for (; this.#tries < TRIES_MAX; this.#tries += 1) {
      const choice = choose(this.#hub, this.#work, this.#others());
      if (!choice.ok) {
        if (choice.why === 'busy' && this.#waits()) return;
        why = furthest([choice.why, ...this.#refusals.values()]);
        break;
      }
      const { agent } = choice;
      this.#exchange =
        agent.at === undefined
          ? beginWith(this.#hub, agent.id, this.#work, this.#handler)
          : this.#send(agent, agent.at);
      if (this.#exchange === undefined) continue;
      if (this.#is_paused) this.#exchange.pause();
      return;
    }
    const { provider, caller } = this.#work;
    const verdict = nobody(why, blamedOf(provider, caller.upstream_model));
    this.#handler.onFail({ kind: 'connect', cause: verdict.error, verdict });
  }

  cancel(): void {
    this.#patience.end();
    this.#exchange?.cancel();
  }

  pause(): void {
    this.#is_paused = true;
    this.#exchange?.pause();
  }

  resume(): void {
    this.#is_paused = false;
    this.#exchange?.resume();
  }

  /** For one that soon takes more: of another process it is asked, and waits there. */
  #waits(): boolean {
    const agent = this.#patience.of(this.#others());
    if (agent === undefined) return false;
    if (agent.at === undefined) {
      this.#patience.wait(() => this.begin());
      return true;
    }
    this.#exchange = this.#send(agent, agent.at);
    if (this.#is_paused) this.#exchange.pause();
    return true;
  }

  #others(): readonly AgentInstance[] {
    const { agents } = this.#hub.elsewhere;
    return this.#refusals.size === 0 ? agents : agents.filter(({ at }) => !this.#refusals.has(at ?? ''));
  }

  #send(agent: AgentInstance, at: string): UpstreamExchange {
    return this.#hub.elsewhere.send(agent, this.#work, this.#handler, (why) => {
      this.#refusals.set(at, why);
      this.#tries += 1;
      this.begin();
    });
  }
}

/** Gives the work to the next agent of this process. */
export function placeHere(
  hub: AgentHub,
  work: AgentWork,
  handler: UpstreamHandler,
):
  | { readonly ok: true; readonly id: string; readonly exchange: UpstreamExchange }
  | { readonly ok: false; readonly why: Nobody } {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const choice = choose(hub, work, []);
    if (!choice.ok) return choice;
    const { id } = choice.agent;
    const exchange = beginWith(hub, id, work, handler);
    if (exchange !== undefined) return { ok: true, id, exchange };
  }
  return { ok: false, why: 'busy' };
}

function beginWith(
  hub: AgentHub,
  id: string,
  { provider, request, caller }: AgentWork,
  handler: UpstreamHandler,
): AgentExchange | undefined {
  const reached = hub.reach(id);
  const exchange = reached && exchangeWith(hub, provider, reached, request, caller, handler);
  return exchange?.begin() === true ? exchange : undefined;
}

/** Of several reasons that of the candidate who came furthest. */
function furthest(reasons: readonly Nobody[]): Nobody {
  return reasons.reduce((best, one) => (NOBODY.indexOf(one) > NOBODY.indexOf(best) ? one : best));
}
