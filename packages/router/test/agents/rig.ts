import { Agent, type AgentOptions } from '@atp-router/sdk';
import { expect, onTestFinished } from 'vitest';
import { hashOf, type Running, startForTest, TENANT_KEY } from '../admin/harness.ts';

/** A provider whose agents dial in, unpriced, beside the simulated one; the tenant's money is not limited. */
export function agentsOf(
  agent: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
): object {
  // Who is slow only because the machine is busy shall not be given up.
  const patient = { estimate_timeout_ms: 60_000, ...agent };
  return {
    id: 'agents',
    type: 'agent',
    allow_any_model: true,
    agent: patient,
    retry: { base_ms: 1, cap_ms: 2 },
    ...more,
  };
}

export const SIM: object = { id: 'sim', type: 'sim', sim: { latency_ms: { p50: 1, p95: 2 }, chunk_ms: 0 } };

export function withAgents(
  agent: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
): Promise<Running> {
  return startForTest({ providers: [SIM, agentsOf(agent)], tenants: [tenantOf('acme', TENANT_KEY)], ...more });
}

export function tenantOf(id: string, key: string, more: object = {}): object {
  return { id, keys: [{ id: 'k1', hash: hashOf(key) }], ...more };
}

export type Quick = Partial<AgentOptions> & Pick<AgentOptions, 'run'>;

/** An agent over a real WebSocket; stopped when the test is over. */
export function agentAt(running: Pick<Running, 'url'>, options: Quick): Agent {
  const agent = new Agent({
    ...{ url: running.url, key: TENANT_KEY, id: 'echo', reconnect: { base_ms: 1, cap_ms: 5 } },
    ...options,
  });
  onTestFinished(() => agent.stop());
  return agent;
}

export const ECHO: Quick['run'] = async function* echo(task) {
  const last = task.messages?.at(-1);
  yield 'You said: ';
  yield String(last?.['content']);
  return { usage: { in_tokens: 3, out_tokens: 4 } };
};

/** Nothing is outstanding: what was reserved has been settled or given back. */
export function expectBalanced({ router }: Running): void {
  const snapshot = router.engine.parts.accounts.snapshot('tenant:acme', Date.now());
  expect(snapshot?.outstanding ?? { calls: 0 }).toMatchObject({ calls: 0 });
  expect(router.engine.in_flight).toBe(0);
}

/** A promise with what settles it. */
export function gate<T = void>(): { readonly opened: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => undefined;
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { opened, open };
}
