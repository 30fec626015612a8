import { AtpError } from '@atp-router/kernel';
import type { AgentHub, ReachableAgent } from '../atp/agents/agent-hub.ts';
import { type AgentCheck, checkAgent } from '../atp/agents/check.ts';
import { agentView } from '../atp/agents/state.ts';
import { ASKED, type Own } from './everywhere.ts';
import { Fields } from './fields.ts';
import type { AdminParts } from './parts.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, notFound, ok } from './routes.ts';

/** Agents of one answer; beyond, it says that it is cut, and the total how many there are. */
const SHOWN_MAX = 1_000;
/** Agents that are checked at a time, by all who ask; as many as a tenant may have. */
const CHECKED_MAX = 64;
/** For the checks of another process; one takes up to 60 s. */
const CHECK_ANSWER_MS = 70_000;
/** As long as an agent's name may be. */
const NAME_CHARS_MAX = 128;

/** `/connected-agents`: who has dialled in, and whether they keep to the protocol. */
export function addConnectedAgents(routes: AdminRoutes, { agents, others }: AdminParts): void {
  const check = checkHere(agents);
  routes.get('/connected-agents', [], async () => {
    const asked = others?.ask(ASKED.agents, undefined);
    const { total, data } = agentsHere(agents);
    const elsewhere = ((await asked) ?? []).map((reply) => (reply.ok ? namedAt(reply.process, reply.answer) : NONE));
    const all = [...data, ...elsewhere.flatMap((one) => one.data)];
    const sum = elsewhere.reduce((sum, one) => sum + one.total, total);
    const shown = all.slice(0, SHOWN_MAX);
    return ok({ total: sum, data: shown, truncated: sum > shown.length });
  });
  routes.post('/connected-agents/check', async ({ body }: AdminRequest): Promise<AdminReply> => {
    const fields = new Fields(body, ['adapter_id', 'tenant']);
    const adapter_id = fields.text('adapter_id', NAME_CHARS_MAX);
    const tenant = fields.name('tenant');
    const asked = others?.ask(ASKED.check_agents, { adapter_id, tenant }, CHECK_ANSWER_MS);
    const all: AgentsHere<AgentCheck>[] = [await check({ adapter_id, tenant })];
    for (const reply of (await asked) ?? []) {
      if (!reply.ok) throw reply.error;
      all.push(namedAt(reply.process, reply.answer) as AgentsHere<AgentCheck>);
    }
    const total = all.reduce((sum, one) => sum + one.total, 0);
    if (adapter_id !== undefined && total === 0) throw notFound(`agent "${adapter_id}" among those connected`);
    const data = all.flatMap((one) => one.data);
    return ok({ ok: data.every((one) => one.ok), total, data });
  });
}

export interface AgentsHere<T extends object = object> {
  readonly total: number;
  readonly data: readonly T[];
}

const NONE: AgentsHere = { total: 0, data: [] };

/** Each process numbers its agents by itself. */
function namedAt(process: string, answer: unknown): AgentsHere {
  const { total, data } = answer as AgentsHere<{ readonly id: string }>;
  return { total, data: data.map((one) => ({ ...one, id: `${one.id}@${process}` })) };
}

/** Agents that are connected to this process. */
export function agentsHere(agents: AgentHub): AgentsHere {
  const all = agents.roster.all();
  const data = all.slice(0, SHOWN_MAX).map((agent) => agentView(agent, agents.routesOf(agent)));
  return { total: all.length, data };
}

export interface WantedAgents {
  readonly adapter_id: string | undefined;
  readonly tenant: string | undefined;
}

/** Checks agents that are connected to this process. */
export function checkHere(agents: AgentHub): Own<WantedAgents, AgentsHere<AgentCheck>> {
  /** By agent: who asks for one that is being checked is told what comes of that. */
  const running = new Map<string, Promise<AgentCheck>>();
  const checked = (one: ReachableAgent): Promise<AgentCheck> => {
    const { id } = one.agent;
    const check = running.get(id) ?? checkAgent(agents, one).finally(() => running.delete(id));
    running.set(id, check);
    return check;
  };
  return async ({ adapter_id, tenant }) => {
    const wanted = agents.roster
      .all()
      .filter((one) => adapter_id === undefined || one.capability.adapter_id === adapter_id)
      .filter((one) => tenant === undefined || one.tenant === tenant);
    const reached = wanted.slice(0, CHECKED_MAX).flatMap(({ id }) => agents.reach(id) ?? []);
    const more = reached.filter(({ agent }) => !running.has(agent.id));
    if (running.size + more.length > CHECKED_MAX) {
      const message = `At most ${CHECKED_MAX} agents are checked at a time, and ${running.size} are. Retry when they are done, or name one agent.`;
      throw new AtpError('backpressure', message);
    }
    return { total: wanted.length, data: await Promise.all(reached.map(checked)) };
  };
}
