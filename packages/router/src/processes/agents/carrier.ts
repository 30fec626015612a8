import type { Pipe, PipeHandlers, UpstreamExchange, UpstreamHandler } from '@atp-router/adapters';
import { AtpError } from '@atp-router/kernel';
import type { AgentHub } from '../../atp/agents/agent-hub.ts';
import type { AgentWork } from '../../atp/agents/elsewhere.ts';
import { Patience } from '../../atp/agents/patience.ts';
import { placeHere } from '../../atp/agents/placement.ts';
import type { Nobody } from '../../atp/agents/roster.ts';
import { carriedFailure, type Errand, isErrand, requestOf, SAYS } from './errand.ts';

/** Carries work of other processes to agents of this one. The call and its accounts stay where it was admitted. */
export class Carrier {
  readonly #hub: AgentHub;
  readonly #carried: Set<Carried> = new Set();
  #onIdle: (() => void)[] = [];

  constructor(hub: AgentHub) {
    this.#hub = hub;
  }

  /** Throws `internal_error` for what is no work. */
  take(pipe: Pipe, hello: unknown): PipeHandlers {
    if (!isErrand(hello)) throw new AtpError('internal_error', 'Another process asked for work that is none.');
    const carried: Carried = new Carried(pipe, () => this.#over(carried));
    this.#carried.add(carried);
    carried.begin(this.#hub, hello);
    return carried;
  }

  /** Nothing is carried any more. */
  idle(): Promise<void> {
    if (this.#carried.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /** For whoever has it carried it is as if this process were gone. */
  abortAll(): void {
    for (const carried of [...this.#carried]) carried.abort();
  }

  #over(carried: Carried): void {
    this.#carried.delete(carried);
    if (this.#carried.size > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}

/** One attempt that is carried: what its exchange tells goes into the pipe, at the pace of whoever reads there. */
class Carried implements PipeHandlers, UpstreamHandler {
  readonly #pipe: Pipe;
  readonly #onOver: () => void;
  #exchange: UpstreamExchange | undefined;
  #patience: Patience | undefined;
  #is_over = false;

  constructor(pipe: Pipe, onOver: () => void) {
    this.#pipe = pipe;
    this.#onOver = onOver;
  }

  begin(hub: AgentHub, errand: Errand): void {
    const provider = hub.options.providers().find(({ id, type }) => id === errand.provider && type === 'agent');
    if (provider === undefined) this.#refuse('none');
    else this.#place(hub, { provider, request: requestOf(errand), caller: errand.caller });
  }

  #place(hub: AgentHub, work: AgentWork, patience: Patience = new Patience(hub, work)): void {
    this.#patience = patience;
    const placed = placeHere(hub, work, this);
    if (!placed.ok) {
      const waited_for = placed.why === 'busy' ? patience.of([]) : undefined;
      if (waited_for === undefined) this.#refuse(placed.why);
      else patience.wait(() => this.#place(hub, work, patience));
      return;
    }
    if (this.#is_over) return;
    this.#exchange = placed.exchange;
    this.#say(SAYS.taken, [placed.id, hub.roster.get(placed.id)?.latest ?? 0]);
  }

  abort(): void {
    this.#exchange?.cancel();
    this.#pipe.destroy();
    this.#over();
  }

  onSent(): void {
    this.#say(SAYS.sent);
  }

  onHead(status: number, headers: Parameters<UpstreamHandler['onHead']>[1]): void {
    this.#say(SAYS.head, [status, headers.get('content-type')]);
  }

  onData(chunk: Uint8Array): void {
    this.#say(SAYS.data, chunk);
  }

  onEnd(): void {
    this.#say(SAYS.end);
    this.#over();
  }

  onFail(failure: Parameters<UpstreamHandler['onFail']>[0]): void {
    this.#say(SAYS.fail, carriedFailure(failure));
    this.#over();
  }

  onMessage(kind: string): void {
    throw new AtpError('internal_error', `Whoever has work carried has no message "${kind.slice(0, 40)}".`);
  }

  onDrain(): void {
    this.#exchange?.resume();
  }

  /** Nobody waits for it any more. */
  onGone(): void {
    this.#exchange?.cancel();
    this.#over();
  }

  #say(kind: string, body?: unknown): void {
    if (!this.#is_over && !this.#pipe.send(kind, body)) this.#exchange?.pause();
  }

  #refuse(why: Nobody): void {
    this.#say(SAYS.refused, why);
    this.#over();
  }

  #over(): void {
    if (this.#is_over) return;
    this.#is_over = true;
    this.#patience?.end();
    this.#pipe.end();
    this.#onOver();
  }
}
