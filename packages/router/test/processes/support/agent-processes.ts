import type { Config } from '@atp-router/adapters';
import type { AtpError } from '@atp-router/kernel';
import { onTestFinished } from 'vitest';
import { configOf, dataDir, type Running, start, TENANT_KEY } from '../../admin/harness.ts';
import type { Reply } from '../../admin/http.ts';
import { agentsOf, SIM, tenantOf } from '../../agents/rig.ts';

type Sections = Readonly<Record<string, unknown>>;

/** An owner of limits and workers on one data directory, all in this process. Each worker has a port of its own. */
export class Processes {
  readonly dir: string = dataDir();
  readonly problems: AtpError[] = [];
  readonly #more: Sections;
  #epoch = 0;

  constructor(more: Sections = {}) {
    this.#more = { workers: 2, providers: [SIM, agentsOf()], tenants: [tenantOf('acme', TENANT_KEY)], ...more };
  }

  owner(workers: readonly number[] = [1, 2]): Promise<Running> {
    this.#epoch += 1;
    const known = workers.map((n) => ({ n, incarnation: 1 }));
    return this.#start({ kind: 'owner', epoch: this.#epoch, workers: known });
  }

  get config(): Config {
    return configOf(this.dir, this.#more);
  }

  worker(n: number, incarnation: number = 1): Promise<Running> {
    return this.#start({ kind: 'worker', n, incarnation });
  }

  async #start(process: NonNullable<Parameters<typeof start>[0]['process']>): Promise<Running> {
    const running = await start({
      ...{ config: this.config, process },
      onProblem: (_source, problem) => this.problems.push(problem),
    });
    onTestFinished(() => running.stop());
    return running;
  }
}

export interface Trio {
  readonly processes: Processes;
  readonly owner: Running;
  readonly one: Running;
  readonly two: Running;
}

/** An owner with two workers. */
export async function trio(more: Sections = {}): Promise<Trio> {
  const processes = new Processes(more);
  const owner = await processes.owner();
  const [one, two] = [await processes.worker(1), await processes.worker(2)];
  return { processes, owner, one, two };
}

/** An owner with two workers, and a provider of agents as it is given. */
export function trioWith(agent: Sections, more: Sections = {}): Promise<Trio> {
  return trio({ providers: [SIM, agentsOf(agent, more)] });
}

/** Names of agents that a tenant of this process may call, with how many there are of each. */
export function agentsAt({ router }: Running, tenant: string = 'acme'): Readonly<Record<string, number>> {
  return Object.fromEntries(router.engine.parts.connected(tenant).map(({ id, instances }) => [id, instances]));
}

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
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
