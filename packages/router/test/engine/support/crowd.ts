import { provider, type Stage, tenant } from './fixed.ts';
import type { RequestPlan } from './scenario.ts';
import type { Submitted } from './world.ts';

const NAMES = ['a', 'b', 'c'];

/** Three tenants that may ask for gold, each with `more` of its own. */
export function tenants(more: Readonly<Record<string, object>> = {}): object[] {
  return NAMES.map((id, i) => ({
    ...tenant({ qos_max: 'gold', ...more[id] }),
    id,
    keys: [{ id: 'k', hash: `sha256:${String(i).repeat(64)}` }],
  }));
}

/** A provider with so many places, and patience. */
export function place(max_concurrency: number): object {
  return provider('p1', { max_concurrency, max_queue: 10_000, queue_timeout_ms: 600_000 });
}

/** Ids of calls in the order in which they were promised to the journal. */
export function order(stage: Stage): string[] {
  return stage.world.log.of('call.opened').map(({ call_id }) => call_id);
}

/** How each call ended, or that it has not. */
export function ways(all: readonly Submitted[]): string[] {
  return all.map(({ client }) => client.error?.code ?? client.ending ?? 'nothing');
}

export function many(stage: Stage, n: number, plan: Partial<RequestPlan>): Submitted[] {
  return Array.from({ length: n }, () => stage.ask(plan));
}
