import type { Config } from '@atp-router/adapters';
import { type Running, TENANT_KEY } from '../../admin/harness.ts';
import type { Reply } from '../../admin/http.ts';
import { agentsOf, SIM, tenantOf } from '../../agents/rig.ts';
import { until } from '../../shared/support/time.ts';
import { type Processes, startProcesses } from './processes.ts';

type Sections = Readonly<Record<string, unknown>>;

/** Of a router whose tenant may call agents that have dialled in. */
const SECTIONS: Sections = { providers: [SIM, agentsOf()], tenants: [tenantOf('acme', TENANT_KEY)] };

export interface Trio {
  readonly processes: Processes;
  readonly owner: Running;
  readonly one: Running;
  readonly two: Running;
}

/** An owner with two workers. */
export async function trio(more: Sections = {}): Promise<Trio> {
  const processes = await startProcesses(2, { ...SECTIONS, ...more });
  const [one, two] = processes.workers as [Running, Running];
  return { processes, owner: processes.owner, one, two };
}

/** An owner that has two workers, of which only the second has started. */
export async function withoutFirst(more: Sections): Promise<{ readonly config: Config; readonly two: Running }> {
  const { config, startWorker } = await startProcesses(0, { ...SECTIONS, ...more, workers: 2 });
  return { config, two: await startWorker(2) };
}

/** An owner with two workers, and a provider of agents as it is given. */
export function trioWith(agent: Sections, more: Sections = {}): Promise<Trio> {
  return trio({ providers: [SIM, agentsOf(agent, more)] });
}

/** Names of agents that a tenant of this process may call, with how many there are of each. */
export function agentsAt({ router }: Running, tenant: string = 'acme'): Readonly<Record<string, number>> {
  return Object.fromEntries(router.engine.parts.connected(tenant).map(({ id, instances }) => [id, instances]));
}

/** What the process counted of work that it gave to others. */
export async function elsewhere({ router }: Running, outcome: string): Promise<number> {
  const line = new RegExp(`^atp_agent_dispatches_elsewhere_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm');
  return Number(line.exec(await router.metrics.render())?.[1]);
}

export function contentOf({ json }: Reply): unknown {
  return (json['choices'] as { message: { content: string } }[] | undefined)?.[0]?.message.content ?? json;
}

/** The process knows of so many instances. */
export function untilKnown(running: Running, id: string, instances: number = 1): Promise<void> {
  return until(() => (agentsAt(running)[id] ?? 0) === instances);
}
