import type { Timer } from '@atp-router/kernel';
import { letsGoldBeyond } from '../../generation/suggestions.ts';
import type { AgentHub } from './agent-hub.ts';
import type { AgentWork } from './elsewhere.ts';
import { goesBeyond } from './exchange-with.ts';
import type { AgentInstance, Choice } from './roster.ts';

/** The next agent for this work. `takes`: whom it could be given to; unless it is said, who takes one more now. */
export function choose(
  hub: AgentHub,
  { provider, caller }: AgentWork,
  others: readonly AgentInstance[],
  takes: (id: string, beyond: boolean) => boolean = (id, beyond) => hub.takes(id, beyond),
): Choice {
  const beyond = goesBeyond(provider, caller);
  const wanted = {
    ...{ tenant: caller.tenant, upstream_model: caller.upstream_model, beyond, ...caller.expected },
    admits: hub.admits(provider, caller.tenant),
    takes: (id: string) => takes(id, beyond),
    now_ms: hub.options.clock.now_ms(),
  };
  return hub.roster.pick(wanted, others);
}

/**
 * An attempt that has a place and finds its agents busy waits for one that soon takes more. Accounts know how many may begin, so
 * that few wait here: before an attempt is on its way, a gold one may have taken what it was let in for, and where there are
 * several processes, a place that was given back may be taken before all of them know that no more may begin. Only agents that
 * are shared have such places. It waits as long in all as for the place itself.
 */
export class Patience {
  readonly #hub: AgentHub;
  readonly #work: AgentWork;
  #until_mono_ms: number | undefined;
  #timer: Timer | undefined;
  #leave: (() => void) | undefined;

  constructor(hub: AgentHub, work: AgentWork) {
    this.#hub = hub;
    this.#work = work;
  }

  /** Whom it could wait for. */
  of(others: readonly AgentInstance[]): AgentInstance | undefined {
    const { provider } = this.#work;
    if (provider.agent?.shared !== true) return undefined;
    const now_ms = this.#hub.options.clock.mono_ms();
    this.#until_mono_ms ??= now_ms + provider.queue_timeout_ms;
    if (now_ms >= this.#until_mono_ms) return undefined;
    const gold_overrides = letsGoldBeyond(provider);
    const choice = choose(this.#hub, this.#work, others, (id, beyond) => this.#hub.isShort(id, beyond, gold_overrides));
    return choice.ok ? choice.agent : undefined;
  }

  /** Runs when an agent of this process takes one more, or none any more, or the time is over. */
  wait(run: () => void): void {
    const { clock, timers } = this.#hub.options;
    const { provider, caller } = this.#work;
    const wanted = { upstream_model: caller.upstream_model, admits: this.#hub.admits(provider, caller.tenant) };
    const ids = this.#hub.roster.candidates(wanted).map(({ id }) => id);
    const next = (): void => {
      this.end();
      run();
    };
    this.#leave = this.#hub.capacity.whenRoom(ids, goesBeyond(provider, caller), next);
    this.#timer = timers.after(Math.max(0, (this.#until_mono_ms ?? 0) - clock.mono_ms()), next);
  }

  /** Nobody waits any more. */
  end(): void {
    this.#timer?.cancel();
    this.#leave?.();
  }
}
