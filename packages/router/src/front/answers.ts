import { cacheHere, clearHere } from '../admin/cache.ts';
import { cancelHere, runningHere } from '../admin/calls.ts';
import { estimateHere } from '../admin/estimate.ts';
import { ASKED } from '../admin/everywhere.ts';
import { flowHere } from '../admin/flow-here.ts';
import { liveHere } from '../admin/live.ts';
import type { AdminParts } from '../admin/parts.ts';
import { checkProviderHere } from '../admin/provider-check.ts';
import { endHere, sessionsHere } from '../admin/sessions.ts';
import { statusHere } from '../admin/status.ts';
import type { JsonObject } from '@atp-router/kernel';
import type { RouterMetrics } from '@atp-router/adapters';
import type { Answers } from '../processes/other-processes.ts';
import { KIND } from '../processes/shared-view.ts';
import { type Stop, stopHere } from '../processes/stop-here.ts';

/** What a worker tells its owner when that is asked. Questions come from the same program, of the same version. */
export function workerAnswers(parts: AdminParts, metrics: Pick<RouterMetrics, 'render'>): Answers {
  const { engine, hub, flow, bus, observations } = parts;
  const sessions = sessionsHere(hub);
  const end = endHere(hub);
  const running = runningHere(engine);
  const cancel = cancelHere(engine);
  const cached = cacheHere(engine.cache);
  const clear = clearHere(engine.cache);
  const estimate = estimateHere(engine);
  const checkProvider = checkProviderHere(parts);
  const status = statusHere(parts, engine.parts.ambient.clock.mono_ms());
  return new Map<string, (question: unknown) => unknown>([
    [ASKED.call, (id) => running(id as string)],
    [ASKED.cancel, (id) => cancel(id as string)],
    [ASKED.live, liveHere(engine, false)],
    [ASKED.flow, flowHere(engine, flow, false)],
    [ASKED.sessions, (tenant) => sessions(tenant as string | undefined)],
    [ASKED.end_session, (which) => end(which as Parameters<typeof end>[0])],
    [ASKED.check_provider, (id) => checkProvider(id as string)],
    [ASKED.estimate, (body) => estimate(body as JsonObject)],
    [ASKED.status, status],
    [ASKED.cache, (tenant) => cached(tenant as string | undefined)],
    [ASKED.clear_cache, (tenant) => clear(tenant as string)],
    [ASKED.stop, (stop) => stopHere({ engine, bus }, stop as Stop, true)],
    [ASKED.close_observations, () => observations.closeFile().then(() => observations.node)],
    [KIND.metrics, () => metrics.render()],
  ]);
}
