import { AtpError } from '@atp-router/kernel';
import type { RunningCall } from '../engine/env.ts';
import type { Engine } from '../engine/engine.ts';
import { ASKED, anywhere, everywhere, type Own } from './everywhere.ts';
import { type CallView, callView } from './live.ts';
import type { AdminParts } from './parts.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, notFound, ok, param } from './routes.ts';
import { recordView } from './usage.ts';

/** `/calls/:id`: one call with its attempts, running or over, and its end by an operator. */
export function addCalls(routes: AdminRoutes, parts: AdminParts): void {
  routes.get('/calls/:id', [], (request) => show(request, parts));
  routes.action('/calls/:id/cancel', (request) => cancel(request, parts));
}

async function show(request: AdminRequest, { engine, ledger, others }: AdminParts): Promise<AdminReply> {
  const id = param(request);
  const found = await everywhere(others, ASKED.call, runningHere(engine), id);
  const call = found.find((one) => one !== undefined);
  if (call !== undefined) return ok({ state: 'running', call });
  const row = await ledger.usage.get(id);
  if (row === undefined) throw notFound(`call "${id}" in flight or on record; refused calls leave no record`);
  const attempts = await ledger.usage.attempts(id);
  return ok({ state: 'ended', call: recordView(row), attempts: attempts.map(recordView) });
}

async function cancel(request: AdminRequest, { engine, others }: AdminParts): Promise<AdminReply> {
  const id = param(request);
  if (!(await anywhere(others, ASKED.cancel, cancelHere(engine), id))) throw notFound(`call "${id}" in flight`);
  return ok({ call_id: id, cancelled: true });
}

/** A call that runs in this process. */
export function runningHere(engine: Engine): Own<string, CallView | undefined> {
  return (id) => {
    const run = running(engine, id);
    return run && callView(run, engine.parts.ambient.clock.mono_ms());
  };
}

/** Ends a call of this process. Returns whether there was one. */
export function cancelHere(engine: Engine): Own<string, boolean> {
  return (id) => {
    const message = 'The call was cancelled by an operator of the router.';
    const run = running(engine, id);
    run?.abort(new AtpError('request_cancelled', message), 'cancelled');
    return run !== undefined;
  };
}

function running(engine: Engine, id: string): RunningCall | undefined {
  for (const run of engine.calls()) if (run.call.head.call_id === id) return run;
  return undefined;
}
