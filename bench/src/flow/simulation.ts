import { type Rng, seededRng } from '@atp-router/kernel';
import { Agenda } from './agenda.ts';
import { done_tokens, duration_ms, size } from './fleet.ts';
import { Meter } from './meter.ts';
import { type Asked, Call, type Tenant } from './model.ts';
import type { Policy, PolicyKind, Verdicts } from './policies/policy.ts';
import type { Backlog, Workload } from './workload.ts';

type Event =
  | { readonly kind: 'ask'; readonly asked: Asked }
  | { readonly kind: 'again' | 'finish' | 'stopped'; readonly call: Call };

/** Before any call of a tenant has ended this is what it is expected to write. */
const FIRST_GUESS_TOKENS = 200;

/** A workload under one policy, on a virtual clock: the same seed gives the same run. */
export function simulate(kind: PolicyKind, workload: Workload): Meter {
  const simulation = new Simulation(kind, workload);
  simulation.run();
  return simulation.meter;
}

class Simulation implements Verdicts {
  readonly meter: Meter;
  readonly #kind: PolicyKind;
  readonly #workload: Workload;
  readonly #policy: Policy;
  readonly #agenda: Agenda<Event> = new Agenda();
  readonly #written: Map<Tenant, { calls: number; tokens: number }> = new Map();
  readonly #backlogs: Map<Tenant, { readonly backlog: Backlog; readonly rng: Rng }> = new Map();
  #now_ms = 0;

  constructor(kind: PolicyKind, workload: Workload) {
    const { fleet, capacity, tenants, patience_ms, warm_ms, end_ms } = workload;
    this.#kind = kind;
    this.#workload = workload;
    this.meter = new Meter(fleet, tenants, warm_ms, end_ms);
    this.#policy = kind.make({ fleet, capacity, tenants, patience_ms, verdicts: this });
    for (const tenant of tenants) this.#written.set(tenant, { calls: 1, tokens: FIRST_GUESS_TOKENS });
    for (const [i, backlog] of workload.backlogs.entries()) {
      this.#backlogs.set(backlog.tenant, { backlog, rng: seededRng(workload.seed + i) });
      for (let n = 0; n < backlog.depth; n += 1) this.#askAgain(backlog.tenant);
    }
  }

  run(): void {
    const { asked, end_ms } = this.#workload;
    let next = 0;
    for (;;) {
      const arrival_ms = asked[next]?.at_ms ?? Number.POSITIVE_INFINITY;
      const at_ms = Math.min(arrival_ms, this.#agenda.next_ms, this.#policy.due_ms);
      if (at_ms >= end_ms) break;
      this.meter.pass(this.#now_ms, at_ms);
      this.#now_ms = at_ms;
      if (this.#policy.due_ms <= at_ms) this.#policy.expire(at_ms);
      else if (this.#agenda.next_ms <= at_ms) this.#happen(this.#agenda.take() as Event);
      else {
        this.#ask(asked[next] as Asked);
        next += 1;
      }
    }
    this.meter.pass(this.#now_ms, end_ms);
  }

  begin(call: Call): void {
    this.#leaves(call);
    call.state = 'running';
    call.begun_ms = this.#now_ms;
    this.meter.runs(call, 1);
    this.meter.at(call, this.#now_ms)?.waits_ms.push(this.#now_ms - call.asked.at_ms);
    this.#agenda.add(this.#now_ms + duration_ms(this.#workload.fleet, call.asked), { kind: 'finish', call });
  }

  refuse(call: Call): void {
    this.#leaves(call);
    call.state = 'over';
    const count = this.meter.at(call, this.#now_ms);
    if (count !== undefined) count.refused += 1;
    this.#askAgain(call.asked.tenant);
  }

  later(call: Call, retry_after_ms: number): void {
    const until_ms = call.asked.at_ms + this.#workload.patience_ms;
    this.#leaves(call);
    call.state = 'later';
    this.meter.waits(call, 1);
    this.#agenda.add(Math.min(until_ms, this.#now_ms + retry_after_ms), { kind: 'again', call });
  }

  stop(call: Call): void {
    call.state = 'stopping';
    this.#agenda.add(this.#now_ms + this.#workload.fleet.stop_ms, { kind: 'stopped', call });
  }

  #happen(event: Event): void {
    switch (event.kind) {
      case 'ask':
        this.#ask(event.asked);
        break;
      case 'again':
        this.#again(event.call);
        break;
      case 'finish':
        if (event.call.state === 'running') this.#finish(event.call);
        break;
      case 'stopped':
        this.#stopped(event.call);
        break;
      default:
        event satisfies never;
    }
  }

  #ask(asked: Asked): void {
    const provider = this.meter.leastBefore(asked.tenant, this.#kind.before);
    const { calls, tokens } = this.#written.get(asked.tenant) ?? { calls: 1, tokens: FIRST_GUESS_TOKENS };
    const reserved = Math.min(this.#workload.fleet.tokens, asked.in_tokens + Math.ceil(tokens / calls));
    const call = new Call(asked, provider, reserved);
    this.meter.asked(call, this.#now_ms);
    this.#request(call);
  }

  #again(call: Call): void {
    if (this.#now_ms >= call.asked.at_ms + this.#workload.patience_ms) {
      this.refuse(call);
      return;
    }
    this.#leaves(call);
    call.state = 'new';
    this.#request(call);
  }

  #request(call: Call): void {
    this.#policy.request(call, this.#now_ms);
    if (call.state !== 'new') return;
    call.state = 'waiting';
    this.meter.waits(call, 1);
  }

  #leaves(call: Call): void {
    if (call.state === 'waiting' || call.state === 'later') this.meter.waits(call, -1);
  }

  #finish(call: Call): void {
    const { asked } = call;
    const written = this.#written.get(asked.tenant);
    if (written !== undefined) {
      written.calls += 1;
      written.tokens += asked.out_tokens;
    }
    const count = this.meter.at(call, this.#now_ms);
    if (count !== undefined) {
      count.finished += 1;
      count.finished_tokens += size(asked);
      count.whole_ms.push(this.#now_ms - asked.at_ms);
    }
    this.#over(call, size(asked));
  }

  #stopped(call: Call): void {
    const tokens = done_tokens(this.#workload.fleet, call.asked, this.#now_ms - call.begun_ms);
    const count = this.meter.at(call, this.#now_ms);
    if (count !== undefined) {
      count.stopped += 1;
      count.wasted_tokens += tokens;
    }
    this.#over(call, tokens);
  }

  #over(call: Call, tokens: number): void {
    call.state = 'over';
    this.meter.runs(call, -1);
    this.#policy.ended(call, tokens, this.#now_ms);
    this.#askAgain(call.asked.tenant);
  }

  #askAgain(tenant: Tenant): void {
    const found = this.#backlogs.get(tenant);
    if (found === undefined) return;
    const asked = { at_ms: this.#now_ms, ...found.backlog.lengths(found.rng), tenant, session: 's0' };
    this.#agenda.add(this.#now_ms, { kind: 'ask', asked });
  }
}
