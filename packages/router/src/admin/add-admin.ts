import type { RouterTable } from '../http/router-table.ts';
import { addCache } from './cache.ts';
import { addCalls } from './calls.ts';
import { Changes } from './changes.ts';
import { addConnectedAgents } from './connected-agents.ts';
import { addConsensus } from './consensus.ts';
import { addEntities } from './entities.ts';
import { addEstimate } from './estimate.ts';
import { addEvents } from './events.ts';
import { addFlow } from './flow.ts';
import { addKeys } from './keys.ts';
import { addKill } from './kill.ts';
import { addLifecycle } from './lifecycle.ts';
import { addLive } from './live.ts';
import type { AdminParts } from './parts.ts';
import { addProviderCheck } from './provider-check.ts';
import { configSchemas } from './mask.ts';
import { AdminRoutes } from './routes.ts';
import { addReputation } from './reputation.ts';
import { addRouting } from './routing.ts';
import { addSessions } from './sessions.ts';
import { addStatus } from './status.ts';
import { addUsage } from './usage.ts';

/** The admin API, `/admin/v1`: see `docs/operations/admin-api.md`. */
export function addAdmin(table: RouterTable, parts: AdminParts): void {
  const routes = new AdminRoutes(table, parts.engine);
  const changes = new Changes(parts);
  const schemas = configSchemas();
  addStatus(routes, parts, schemas);
  addEntities(routes, parts, changes, schemas);
  addKeys(routes, parts, changes);
  addProviderCheck(routes, parts);
  addConnectedAgents(routes, parts);
  addKill(routes, parts, changes);
  addUsage(routes, parts);
  addCalls(routes, parts);
  addCache(routes, parts);
  addConsensus(routes, parts);
  addReputation(routes, parts);
  addRouting(routes, parts);
  addLifecycle(routes, parts, changes);
  addLive(routes, parts);
  addFlow(routes, parts);
  addEstimate(routes, parts);
  addSessions(routes, parts);
  addEvents(routes, parts);
}
