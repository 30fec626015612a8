import { createHash, hash as nodeHash } from 'node:crypto';
import {
  type Config,
  type HttpServerHandle,
  listen,
  openJournal,
  systemClock,
  systemRng,
  systemTimers,
  undiciTransport,
  type HttpExchange,
} from '@atp-router/adapters';
import { AccountLedger, Estimator } from '@atp-router/flow';
import { AtpError, idSource } from '@atp-router/kernel';
import { isJournaled, type RouterEvent } from '@atp-router/ledger';
import { KillSwitches, TargetHealth } from '@atp-router/routing';
import { openaiChat } from '@atp-router/dialects';
import { Engine } from './engine/engine.ts';
import { IdempotencyIndex } from './engine/idempotency.ts';
import { accountLimits, buildGeneration } from './generation/build.ts';
import { DataPlane, generateEndpoint } from './http/data-plane.ts';
import { generateOperation } from './http/generate-endpoint.ts';

export async function createRouter(config: Config): Promise<{ server: HttpServerHandle; engine: Engine }> {
  const rng = systemRng();
  const ambient = { clock: systemClock, timers: systemTimers, rng, call_ids: idSource('call_', rng) };
  const journal = openJournal({
    dir: `${config.data_dir}/journal`,
    node_id: 'n1',
    clock: systemClock,
    ...config.journal,
  });
  const log = {
    append: (event: RouterEvent) => {
      if (isJournaled(event.type)) journal.append(event);
    },
    barrier: (done: (e?: AtpError) => void) => journal.barrier(done),
  };
  const transport = undiciTransport({ max_connections: 1024, connect_timeout_ms: 5000, keep_alive_ms: 60000 });
  const generation = buildGeneration(config, { number: 1, hash: '', transportOf: () => transport });
  const accounts = new AccountLedger();
  for (const t of config.tenants) accounts.setLimits(`tenant:${t.id}`, accountLimits(t));
  const estimator = new Estimator();
  const health = new TargetHealth((c) =>
    log.append({
      type: 'breaker.changed',
      provider: c.provider_id,
      model: c.model_id,
      from: c.from,
      to: c.to,
      reason: c.reason,
    }),
  );
  const hash = (data: string | Uint8Array): string => nodeHash('sha256', data, 'hex');
  const engine = new Engine(
    {
      ambient,
      log,
      accounts,
      estimator,
      health,
      kills: new KillSwitches(),
      observed: {
        successRate: () => undefined,
        p95_ms: () => undefined,
        mape: () => undefined,
        underRate: () => undefined,
      },
      idempotency: new IdempotencyIndex(
        { find: () => Promise.resolve(undefined) },
        { seal: (b) => Buffer.from(b).toString('base64'), open: (s) => Buffer.from(s, 'base64') },
        { max_entries: 1000, now_ms: () => Date.now() },
      ),
      stages: [],
      hash,
    },
    generation,
  );
  const plane = new DataPlane(engine, (exchange, gen) => {
    const token = exchange.header('authorization')?.slice(7) ?? exchange.header('x-api-key') ?? '';
    const p = gen.keys.get(hash(token));
    if (p === undefined)
      throw new AtpError(
        'unauthorized',
        'The API key is missing or not known. Send it as "Authorization: Bearer <key>" or "x-api-key".',
      );
    return p;
  });
  const chat = generateEndpoint('chat.completions', openaiChat, (d, body, e) =>
    generateOperation(d, body, e.generation.limits),
  );
  const onRequest = (exchange: HttpExchange): void => {
    if (exchange.path === '/v1/chat/completions') plane.call(exchange, chat);
    else
      exchange.reply(
        404,
        ['content-type', 'application/json'],
        '{"error":{"code":"not_found","message":"no such path"}}',
      );
  };
  const server = await listen({
    host: config.listen.host,
    port: config.listen.port,
    header_bytes: config.limits.header_bytes,
    keep_alive_ms: 75000,
    header_timeout_ms: 30000,
    connections_max: 20000,
    onRequest,
  });
  void createHash;
  return { server, engine };
}
