import { type Problem, restartNeeded } from '@atp-router/adapters';
import { AtpError } from '@atp-router/kernel';
import { type ConfigSchemas, masked } from './mask.ts';
import type { AdminParts } from './parts.ts';
import { type AdminReply, type AdminRoutes, ok } from './routes.ts';

/** `/status` and `/config`: what this process is, what it runs with, and reading its file again. */
export function addStatus(routes: AdminRoutes, parts: AdminParts, schemas: ConfigSchemas): void {
  const began_ms = parts.engine.parts.ambient.clock.mono_ms();
  routes.get('/status', [], () => ok(status(parts, began_ms)));
  routes.get('/config', [], () => {
    const { manager } = parts;
    const { number, hash } = manager.generation;
    const config = masked(manager.config, schemas.whole);
    return ok({ generation: number, config_hash: hash, config, restart_needed: restart(parts) });
  });
  routes.action('/config/reload', () => reload(parts));
}

function status(parts: AdminParts, began_ms: number): object {
  const { engine, ledger, manager } = parts;
  const { host, port } = parts.listening();
  const { epoch, seq, file_bytes } = ledger.journal.stats();
  const failure = ledger.journal.failure?.message;
  const { providers } = manager.config;
  const { store, listen } = parts.started;
  const shown_host = host.includes(':') ? `[${host}]` : host;
  return {
    node_id: parts.node_id,
    version: parts.version,
    uptime_s: Math.floor((engine.parts.ambient.clock.mono_ms() - began_ms) / 1_000),
    generation: manager.generation.number,
    config_hash: manager.generation.hash,
    listening: `${listen.tls === undefined ? 'http' : 'https'}://${shown_host}:${port}`,
    draining: engine.is_draining,
    calls_in_flight: engine.in_flight,
    journal: { epoch, seq, file_bytes, ...(failure === undefined ? {} : { failure }) },
    store: { type: store.type, lag_blocks: ledger.lagBlocks() },
    ...clusterOf(parts),
    simulated: providers.every(({ type }) => type === 'sim' || type === 'agent'),
  };
}

/** Machines that share limits: who holds them, and how this one is connected with the others. */
function clusterOf({ cluster }: AdminParts): object {
  const view = cluster();
  if (view === undefined) return {};
  const { role, leader = null, epoch, is_recovering, is_up, elections_total, round_trip_ms = null } = view;
  const { sent_total, received_total, lost_total } = view;
  return {
    cluster: {
      role,
      leader,
      epoch,
      is_recovering,
      is_up,
      elections_total,
      sent_total,
      received_total,
      lost_total,
      round_trip_ms,
    },
  };
}

function restart(parts: AdminParts): string[] {
  return restartNeeded(parts.started, parts.manager.file_config);
}

async function reload(parts: AdminParts): Promise<AdminReply> {
  const { manager, onReload } = parts;
  if (onReload === undefined) {
    throw new AtpError(
      'conflict',
      'This router was started without a configuration file, so there is nothing to reload.',
    );
  }
  const outcome = await onReload();
  if (outcome.kind === 'unchanged') return ok({ result: 'unchanged', problems: [], restart_needed: restart(parts) });
  if (outcome.kind === 'invalid') return rejected(parts, outcome.problems);
  // Whoever watches the file may have brought it into force already.
  const applied = manager.file_config === outcome.config ? undefined : manager.replaceBase(outcome.config);
  if (applied?.ok === false) return rejected(parts, applied.problems);
  return ok({ result: 'applied', problems: [], restart_needed: restart(parts) });
}

/** With the name of the file, which whoever asks from elsewhere does not know. */
function rejected(parts: AdminParts, problems: readonly Problem[]): AdminReply {
  const { origin } = parts;
  const file = origin.kind === 'file' ? origin.file : undefined;
  return ok({
    result: 'rejected',
    ...(file === undefined ? {} : { file }),
    problems,
    restart_needed: restart(parts),
  });
}
