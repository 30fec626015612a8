import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkConfig } from '@atp-router/adapters';
import { bootstrap, createRouter, type Router } from '@atp-router/router';
import { expect } from 'vitest';
import { atp, type Outcome } from './terminal.ts';

export const CONFIG = `listen: { port: 0 }
providers:
  - { id: up, type: sim, sim: { latency_ms: { p50: 0, p95: 0 }, chunk_ms: 0, out_tokens: { p50: 60, p95: 120 } } }
  - { id: silent, type: sim, sim: { latency_ms: { p50: 0, p95: 0 }, stall_rate: 1 } }
models:
  - { id: small, provider: up, context: 100000, capabilities: [chat], price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } }
  - { id: silent, provider: silent, context: 100000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } }
tenants: [{ id: acme, budget: { usd_per_day: 5 } }]
`;

/** A real router in this process, and somebody at a terminal in its folder. */
export class Workplace {
  readonly cwd: string = mkdtempSync(join(tmpdir(), 'atp-online-'));
  router: Router | undefined;
  url = '';
  /** Key that `atp ask` uses. */
  key = '';
  readonly #config: string;

  constructor(config: string = CONFIG) {
    this.#config = config;
  }

  async start(): Promise<void> {
    const checked = checkConfig(this.#config, { env: () => undefined, file: () => undefined }, { base_dir: this.cwd });
    if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
    const { config } = checked;
    const sources = { env: (name: string) => (name === 'UP_KEY' ? 'sk-from-env' : undefined), file: () => undefined };
    this.router = await createRouter({ config, version: '0.0.0-test', sources });
    await bootstrap(this.router, config.data_dir);
    this.url = `http://127.0.0.1:${this.router.server.address.port}`;
  }

  async stop(): Promise<void> {
    await this.router?.stop('test');
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.cwd, { recursive: true, force: true });
  }

  run(args: readonly string[], stdin?: string): Promise<Outcome> {
    const env = { ATP_URL: this.url, ...(this.key === '' ? {} : { ATP_API_KEY: this.key }) };
    return atp(args, { cwd: this.cwd, env, ...(stdin === undefined ? {} : { stdin }) });
  }

  /** What a command printed that must not fail. */
  async fine(...args: readonly string[]): Promise<string> {
    const { code, out, err } = await this.run(args);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return out;
  }

  async data(...args: readonly string[]): Promise<Record<string, unknown>> {
    return JSON.parse(await this.fine(...args, '--json')) as Record<string, unknown>;
  }
}
