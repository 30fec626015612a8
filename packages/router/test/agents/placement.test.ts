import { expect, test } from 'vitest';
import type { AgentsElsewhere } from '../../src/atp/agents/elsewhere.ts';
import type { AgentInstance, Nobody } from '../../src/atp/agents/roster.ts';
import { Desk } from './desk.ts';

/** Agents of other processes that refuse everything, each process with its reason. */
class Refusing implements AgentsElsewhere {
  readonly agents: readonly AgentInstance[];
  readonly asked: string[] = [];
  readonly refuse: (() => void)[] = [];
  readonly #why: Readonly<Record<string, Nobody>>;

  constructor(like: AgentInstance, why: Readonly<Record<string, Nobody>>) {
    this.#why = why;
    this.agents = Object.keys(why).flatMap((at) => [1, 2].map((i) => ({ ...like, id: `${at}/${i}`, at })));
  }

  takes(): boolean {
    return true;
  }

  isShort(): boolean {
    return false;
  }

  window(): undefined {
    return undefined;
  }

  send(...[{ id, at = '' }, , , onRefused]: Parameters<AgentsElsewhere['send']>): ReturnType<AgentsElsewhere['send']> {
    this.asked.push(id);
    this.refuse.push(() => onRefused(this.#why[at] ?? 'busy'));
    return {
      cancel: () => this.asked.push('cancelled'),
      pause: () => this.asked.push('paused'),
      resume: () => undefined,
    };
  }

  check(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  changed(): void {}
}

/** A desk with one agent that is here, and others elsewhere. */
function deskWith(why: Readonly<Record<string, Nobody>>): {
  desk: Desk;
  agent: ReturnType<Desk['agent']>;
  others: Refusing;
} {
  const desk = new Desk();
  const agent = desk.agent();
  const others = new Refusing(agent.reached.agent, why);
  desk.hub.join(others);
  return { desk, agent, others };
}

test('of agents that are alike the one that is here is next; of those elsewhere each process is asked once', () => {
  const { desk, agent, others } = deskWith({ w2: 'busy', w3: 'none' });
  desk.ask();
  expect([agent.came, others.asked]).toEqual([['adapter.estimate_request'], []]);
  const asked = desk.ask();
  expect(others.asked).toEqual(['w2/1']);
  asked.exchange.pause();
  others.refuse[0]?.();
  expect(others.asked).toEqual(['w2/1', 'paused', 'w3/1', 'paused']);
  others.refuse[1]?.();
  // Nobody else is left, so the one that is here gets more.
  expect([agent.came.length, asked.failure]).toEqual([2, undefined]);
});

test('where nobody takes it the reason is that of whoever came furthest', () => {
  for (const [why, code] of [
    [{ w2: 'none', w3: 'busy' }, 'backpressure'],
    [{ w2: 'none', w3: 'none' }, 'no_models_available'],
  ] as const) {
    const { desk, agent, others } = deskWith(why);
    desk.hub.roster.remove(agent.reached.agent.id);
    const asked = desk.ask();
    others.refuse[0]?.();
    others.refuse[1]?.();
    expect([others.asked.length, asked.code]).toEqual([2, code]);
  }
});

test('work that is on its way elsewhere can be cancelled', () => {
  const { desk, others } = deskWith({ w2: 'busy' });
  desk.ask();
  desk.ask().exchange.cancel();
  expect(others.asked).toEqual(['w2/1', 'cancelled']);
});
