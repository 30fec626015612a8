import { openForwarder, type Forwarder } from '@atp-router/adapters';
import { addAdmin } from '../admin/add-admin.ts';
import type { AdminParts } from '../admin/parts.ts';
import { ADMIN_BASE } from '../admin/routes.ts';
import type { Core } from '../core.ts';
import { addOperations } from '../http/operations.ts';
import { replyError, requestId } from '../http/reply.ts';
import type { RouterTable } from '../http/router-table.ts';
import type { OwnerDoor } from '../processes/other-processes.ts';
import { KIND } from '../processes/shared-view.ts';
import { workerAnswers } from './answers.ts';
import { GatheredMetrics } from './gathered-metrics.ts';

/** The checks of agents are the slowest that is asked for, and take up to 70 s. */
const HEAD_MS = 90_000;
/** Streams of events say that they live every 15 s. */
const IDLE_MS = 60_000;
/** Of one worker at a time. The owner has room for 64 streams; the rest is soon over. */
const PASSED_MAX = 256;
/** For the metrics of all: the owner waits 3 s for the slowest. */
const METRICS_MS = 8_000;

export type FrontParts = Pick<Core, 'engine' | 'member' | 'metrics' | 'presence' | 'ledger'> & {
  readonly admin: Omit<AdminParts, 'others'>;
};

/** What operators and scrapers see: the same, whichever process of a router they come to. */
export function addFront(table: RouterTable, { engine, member, metrics, presence, ledger, admin }: FrontParts): void {
  const { others, owner } = member ?? {};
  const parts: AdminParts = { ...admin, others };
  const operations = { engine, version: admin.version, unready: () => ledger.journal.failure?.message };
  const { content_type } = metrics;
  if (owner !== undefined) {
    const render = async (): Promise<string> => String(await owner.ask(KIND.metrics, undefined, METRICS_MS));
    addOperations(table, { ...operations, metrics: { render, content_type } });
    passOn(table, parts, owner);
    member?.answer(workerAnswers(parts, metrics));
    return;
  }
  addAdmin(table, parts);
  if (others === undefined) {
    addOperations(table, { ...operations, metrics });
    return;
  }
  const gathered = new GatheredMetrics(others, () => metrics.render(), presence);
  const render = (): Promise<string> => gathered.text();
  addOperations(table, { ...operations, metrics: { render, content_type } });
  member?.answer(new Map([[KIND.metrics, render]]));
}

/** The admin API is the owner's. It checks the key itself. */
function passOn(table: RouterTable, { engine, bus }: AdminParts, { http }: OwnerDoor): void {
  const forwarder: Forwarder = openForwarder({
    path: http,
    head_timeout_ms: HEAD_MS,
    idle_timeout_ms: IDLE_MS,
    requests_max: PASSED_MAX,
  });
  table.addBelow(ADMIN_BASE, (exchange) => {
    forwarder.pass(exchange, (error) => replyError(exchange, error, requestId(engine)));
  });
  bus.listen((event) => {
    // Its own streams end then, too.
    if (event.type === 'node.stopped') void forwarder.close();
  });
}
