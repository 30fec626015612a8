import { type Problem, restartNeeded } from '@atp-router/adapters';
import { AtpError } from '@atp-router/kernel';
import type { OtherReply } from '../processes/other-processes.ts';
import { answersIn, ASKED } from './everywhere.ts';
import { type ConfigSchemas, masked } from './mask.ts';
import type { AdminParts } from './parts.ts';
import { type AdminReply, type AdminRoutes, ok } from './routes.ts';

/** `/status` and `/config`: what this process is, what it runs with, and reading its file again. */
export function addStatus(routes: AdminRoutes, parts: AdminParts, schemas: ConfigSchemas): void {
  const began_ms = parts.engine.parts.ambient.clock.mono_ms();
  const own = statusHere(parts, began_ms);
  routes.get('/status', [], async () => ok(await status(parts, own)));
  routes.get('/config', [], () => {
    const { manager } = parts;
    const { number, hash } = manager.generation;
    const config = masked(manager.config, schemas.whole);
    return ok({ generation: number, config_hash: hash, config, restart_needed: restart(parts) });
  });
  routes.action('/config/reload', () => reload(parts));
}

/** What each process says of itself. */
interface StatusHere {
  readonly node_id: string;
  readonly uptime_s: number;
  readonly listening: string;
  readonly draining: boolean;
  readonly calls_in_flight: number;
  readonly lag_blocks: number;
  readonly journal: {
    readonly epoch: number;
    readonly seq: number;
    readonly file_bytes: number;
    readonly failure?: string;
  };
}

async function status(parts: AdminParts, own: () => StatusHere): Promise<object> {
  const { manager, others } = parts;
  const asked = others?.ask(ASKED.status, undefined);
  const mine = own();
  const replies = (await asked) ?? [];
  const all = [mine, ...answersIn<StatusHere>(replies)];
  const { providers } = manager.config;
  return {
    node_id: mine.node_id,
    version: parts.version,
    uptime_s: mine.uptime_s,
    generation: manager.generation.number,
    config_hash: manager.generation.hash,
    // Of several processes those listen that serve calls.
    listening: (all[1] ?? mine).listening,
    draining: mine.draining,
    calls_in_flight: all.reduce((sum, one) => sum + one.calls_in_flight, 0),
    journal: mine.journal,
    store: { type: parts.started.store.type, lag_blocks: Math.max(...all.map((one) => one.lag_blocks)) },
    ...clusterOf(parts),
    simulated: providers.every(({ type }) => type === 'sim' || type === 'agent'),
    ...(others === undefined ? {} : { processes: [shown('owner', mine), ...replies.map(processView)] }),
  };
}

/** One of several; who does not answer is named at least. */
function processView(reply: OtherReply): object {
  return reply.ok ? shown(reply.process, reply.answer as StatusHere) : { process: reply.process, answers: false };
}

function shown(process: string, { listening: _, ...rest }: StatusHere): object {
  return { process, answers: true, ...rest };
}

/** What this process says of itself. */
export function statusHere(parts: AdminParts, began_mono_ms: number): () => StatusHere {
  const { engine, ledger, node_id } = parts;
  const { listen } = parts.started;
  return () => {
    const { host, port } = parts.listening();
    const { epoch, seq, file_bytes } = ledger.journal.stats();
    const failure = ledger.journal.failure?.message;
    const shown_host = host.includes(':') ? `[${host}]` : host;
    return {
      node_id,
      uptime_s: Math.floor((engine.parts.ambient.clock.mono_ms() - began_mono_ms) / 1_000),
      listening: `${listen.tls === undefined ? 'http' : 'https'}://${shown_host}:${port}`,
      draining: engine.is_draining,
      calls_in_flight: engine.in_flight,
      lag_blocks: ledger.lagBlocks(),
      journal: { epoch, seq, file_bytes, ...(failure === undefined ? {} : { failure }) },
    };
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
