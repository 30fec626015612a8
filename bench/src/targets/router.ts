import { createHash, randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MODEL } from '../bodies.ts';
import { Child } from '../child.ts';
import { parseDecisions } from '../decisions.ts';
import { exchange, freePort, untilAnswers } from '../http.ts';
import { CHAT_PATH, type MissingTarget, type RunningTarget, type TargetContext } from '../target.ts';

const MAIN = 'packages/cli/src/main.ts';

/** How the router is started; the only place that knows. `atp-source` runs the sources without a build. */
export function routerCommand(config: string, flags: readonly string[] = []): readonly string[] {
  return [process.execPath, ...flags, '--conditions=atp-source', MAIN, 'serve', '--config', config];
}

export interface RouterConfig {
  readonly port: number;
  readonly data_dir: string;
  readonly upstream: string;
  readonly key: string;
  /** 1: one process. */
  readonly workers?: number;
}

/**
 * Everything that accounts is on: a tenant with budgets and a window, a priced model. The limits are the largest
 * that a configuration takes, so that none is ever hit.
 */
export function routerConfig({ port, data_dir, upstream, key, workers = 1 }: RouterConfig): string {
  const hash = createHash('sha256').update(key).digest('hex');
  return `listen: { host: 127.0.0.1, port: ${port} }
data_dir: ${JSON.stringify(data_dir)}
workers: ${workers}
providers:
  - { id: up, type: openai, base_url: "http://${upstream}/v1", api_key: "bench",
      max_connections: 65535, max_concurrency: 65535 }
models:
  - { id: ${MODEL}, provider: up, upstream_model: gpt-bench, context: 128000, capabilities: [chat, tools],
      price: { in_usd_per_mtok: 0.25, out_usd_per_mtok: 2.0 }, safety_grade: A, status: active }
tenants:
  - { id: acme, keys: [{ id: k1, hash: "sha256:${hash}" }], qos_max: gold, data_scopes: [public],
      budget: { usd_per_day: 1000000, tokens_per_day: 1000000000000 }, at_limit: reject,
      window: { max_parallel: 1000, max_tokens: 10000000, max_usd_micros: 10000000000 } }
`;
}

/** `workers`: as so many, with their owner; 1: as one process. `flags`: of Node. */
export async function startRouter(
  context: TargetContext,
  workers = 1,
  flags: readonly string[] = [],
): Promise<RunningTarget | MissingTarget> {
  const name = workers === 1 ? 'router' : 'workers2';
  if (!existsSync(join(context.root, MAIN))) return { name, missing: `${MAIN} does not exist` };
  const port = await freePort();
  const key = `bench-${randomBytes(16).toString('hex')}`;
  const file = join(context.folder, 'atp.yaml');
  const data_dir = join(context.folder, 'data');
  writeFileSync(file, routerConfig({ port, data_dir, upstream: context.upstream, key, workers }));
  const child = new Child([...context.prefix, ...routerCommand(file, flags)], { cwd: context.root });
  child.drain();
  await untilAnswers(child, `http://127.0.0.1:${port}/healthz`, 200);
  return {
    name,
    pid: child.pid,
    command: `node --conditions=atp-source ${MAIN} serve --config atp.yaml`,
    url: () => `http://127.0.0.1:${port}${CHAT_PATH}`,
    headers: [`authorization: Bearer ${key}`],
    decisions: async () => parseDecisions((await exchange(`http://127.0.0.1:${port}/metrics`, {})).body),
    stderr: () => child.stderr,
    stop: () => child.stop(),
  };
}
