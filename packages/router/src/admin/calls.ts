import { AtpError } from '@atp-router/kernel';
import type { RunningCall } from '../engine/env.ts';
import { callView } from './live.ts';
import type { AdminParts } from './parts.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, notFound, ok, param } from './routes.ts';
import { recordView } from './usage.ts';

/** `/calls/:id`: one call with its attempts, running or over, and its end by an operator. */
export function addCalls(routes: AdminRoutes, parts: AdminParts): void {
  routes.get('/calls/:id', [], (request) => show(request, parts));
  routes.action('/calls/:id/cancel', (request) => cancel(request, parts));
}

async function show(request: AdminRequest, parts: AdminParts): Promise<AdminReply> {
  const id = param(request);
  const { engine, ledger } = parts;
  const run = running(parts, id);
  if (run !== undefined) return ok({ state: 'running', call: callView(run, engine.parts.ambient.clock.mono_ms()) });
  const row = await ledger.usage.get(id);
  if (row === undefined) throw notFound(`call "${id}" in flight or on record; refused calls leave no record`);
  const attempts = await ledger.usage.attempts(id);
  return ok({ state: 'ended', call: recordView(row), attempts: attempts.map(recordView) });
}

function cancel(request: AdminRequest, parts: AdminParts): AdminReply {
  const id = param(request);
  const run = running(parts, id);
  if (run === undefined) throw notFound(`call "${id}" in flight`);
  run.abort(new AtpError('request_cancelled', 'The call was cancelled by an operator of the router.'), 'cancelled');
  return ok({ call_id: id, cancelled: true });
}

function running(parts: AdminParts, id: string): RunningCall | undefined {
  for (const run of parts.engine.calls()) if (run.call.head.call_id === id) return run;
  return undefined;
}
