import { AtpError } from '@atp-router/kernel';
import { checkAgent } from '../atp/agents/check.ts';
import { agentView } from '../atp/agents/state.ts';
import { Fields } from './fields.ts';
import type { AdminParts } from './parts.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, notFound, ok } from './routes.ts';

/** Agents of one answer; the total says how many there are. */
const SHOWN_MAX = 1_000;
/** Agents that one check asks, all at once. */
const CHECKED_MAX = 64;
/** As long as an agent's name may be. */
const NAME_CHARS_MAX = 128;

/** `/connected-agents`: who has dialled in, and whether they keep to the protocol. */
export function addConnectedAgents(routes: AdminRoutes, { agents }: AdminParts): void {
  let is_checking = false;
  routes.get('/connected-agents', [], () => {
    const all = agents.roster.all();
    const data = all.slice(0, SHOWN_MAX).map((agent) => agentView(agent, agents.routesOf(agent)));
    return ok({ total: all.length, data });
  });
  routes.post('/connected-agents/check', async ({ body }: AdminRequest): Promise<AdminReply> => {
    const fields = new Fields(body, ['adapter_id', 'tenant']);
    const adapter_id = fields.text('adapter_id', NAME_CHARS_MAX);
    const tenant = fields.name('tenant');
    const wanted = agents.roster
      .all()
      .filter((one) => adapter_id === undefined || one.capability.adapter_id === adapter_id)
      .filter((one) => tenant === undefined || one.tenant === tenant);
    if (adapter_id !== undefined && wanted.length === 0) throw notFound(`agent "${adapter_id}" among those connected`);
    if (is_checking) throw new AtpError('backpressure', 'A check is running. Retry when it is done.');
    is_checking = true;
    try {
      const reached = wanted.slice(0, CHECKED_MAX).flatMap(({ id }) => agents.reach(id) ?? []);
      const data = await Promise.all(reached.map((one) => checkAgent(agents, one)));
      return ok({ ok: data.every((one) => one.ok), total: wanted.length, data });
    } finally {
      is_checking = false;
    }
  });
}
