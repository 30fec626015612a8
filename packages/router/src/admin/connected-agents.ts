import { AtpError } from '@atp-router/kernel';
import type { AgentHub } from '../atp/agents/agent-hub.ts';
import { checkAgent } from '../atp/agents/check.ts';
import type { AgentCheck } from '../atp/agents/checked.ts';
import type { AgentInstance } from '../atp/agents/roster.ts';
import { agentView } from '../atp/agents/state.ts';
import { Fields } from './fields.ts';
import type { AdminParts } from './parts.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, notFound, ok } from './routes.ts';

/** Agents of one answer; beyond, it says that it is cut, and the total how many there are. */
const SHOWN_MAX = 1_000;
/** Agents that are checked at a time, by all who ask; as many as a tenant may have. */
const CHECKED_MAX = 64;
/** As long as an agent's name may be. */
const NAME_CHARS_MAX = 128;

/** `/connected-agents`: who has dialled in, and whether they keep to the protocol. */
export function addConnectedAgents(routes: AdminRoutes, { agents }: AdminParts): void {
  /** By agent: who asks for one that is being checked is told what comes of that. */
  const running = new Map<string, Promise<AgentCheck | undefined>>();
  const checked = (one: AgentInstance): Promise<AgentCheck | undefined> => {
    const { id } = one;
    const check = running.get(id) ?? checkOf(agents, one).finally(() => running.delete(id));
    running.set(id, check);
    return check;
  };
  routes.get('/connected-agents', [], () => {
    const all = agents.all();
    const data = all
      .slice(0, SHOWN_MAX)
      .map((agent) => agentView(agent, agents.routesOf(agent), agents.window(agent.id)));
    return ok({ total: all.length, data, truncated: all.length > data.length });
  });
  routes.post('/connected-agents/check', async ({ body }: AdminRequest): Promise<AdminReply> => {
    const fields = new Fields(body, ['adapter_id', 'tenant']);
    const adapter_id = fields.text('adapter_id', NAME_CHARS_MAX);
    const tenant = fields.name('tenant');
    const wanted = agents
      .all()
      .filter((one) => adapter_id === undefined || one.capability.adapter_id === adapter_id)
      .filter((one) => tenant === undefined || one.tenant === tenant);
    if (adapter_id !== undefined && wanted.length === 0) throw notFound(`agent "${adapter_id}" among those connected`);
    const reached = wanted.slice(0, CHECKED_MAX);
    const more = reached.filter(({ id }) => !running.has(id));
    if (running.size + more.length > CHECKED_MAX) {
      const message = `At most ${CHECKED_MAX} agents are checked at a time, and ${running.size} are. Retry when they are done, or name one agent.`;
      throw new AtpError('backpressure', message);
    }
    const data = (await Promise.all(reached.map(checked))).filter((one) => one !== undefined);
    return ok({ ok: data.every((one) => one.ok), total: wanted.length, data });
  });
}

/** Undefined: it has gone meanwhile. */
function checkOf(agents: AgentHub, one: AgentInstance): Promise<AgentCheck | undefined> {
  if (one.at !== undefined) return agents.elsewhere.check(one);
  const reached = agents.reach(one.id);
  return reached === undefined ? Promise.resolve(undefined) : checkAgent(agents, reached);
}
