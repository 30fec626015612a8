import { request } from 'node:http';
import { join } from 'node:path';
import { createRouter, type ProcessRole, type Router, type RouterOptions } from '@atp-router/router';
import { onTestFinished } from 'vitest';
import { ADMIN_KEY, configOf, NO_SOURCES, TENANT_KEY, hashOf } from '../../admin/harness.ts';
import { call, type Reply } from '../../admin/http.ts';
import { settled } from '../../shared/support/time.ts';

/** Times short enough for tests, and long enough for a busy machine. */
export const PACE: NonNullable<RouterOptions['pace']> = {
  election: { tenure_ms: 2_000, watch_ms: 2_200, poll_ms: 100, retry_ms: 100, settled_ms: 3_630 },
  credit: { ttl_ms: 3_000, margin_ms: 300, hello_ms: 200, report_ms: 300 },
};

export interface MachineOptions {
  readonly dir: string;
  /** Of the server where machines meet. */
  readonly url: string;
  readonly providers?: readonly unknown[];
  readonly tenant?: Readonly<Record<string, unknown>>;
  readonly model?: Readonly<Record<string, unknown>>;
  /** For a process that is alone: it is told of the cluster all the same. */
  readonly is_shared?: boolean;
}

export interface ClusterStatus {
  readonly role: 'leader' | 'relay';
  readonly leader: string | null;
  readonly epoch: number;
  readonly is_recovering: boolean;
  readonly is_up: boolean;
  readonly lost_total: number;
}

interface Flow {
  readonly waiting: number;
  readonly tenants: readonly { readonly today: { readonly calls: object } }[];
}

/** An owner and one worker over a data directory of their own. A supervisor's part is played: an owner that ends is started again. */
export class Machine {
  readonly problems: string[] = [];
  /** Why owners ended by themselves. */
  readonly ends: string[] = [];
  readonly #options: MachineOptions;
  #epoch = 0;
  #owner: Router | undefined;
  #worker: Router | undefined;
  #changing: Promise<void> = Promise.resolve();

  private constructor(options: MachineOptions) {
    this.#options = options;
  }

  static async start(options: MachineOptions): Promise<Machine> {
    const machine = new Machine(options);
    onTestFinished(() => machine.stop());
    await machine.startOwner();
    machine.#worker = await machine.#router({ kind: 'worker', n: 1, incarnation: 1 });
    return machine;
  }

  /** One process, as before there was a cluster. */
  static async alone(options: MachineOptions): Promise<Machine> {
    const machine = new Machine(options);
    onTestFinished(() => machine.stop());
    machine.#worker = await machine.#router({ kind: 'single' });
    return machine;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#worker?.server.address.port}`;
  }

  startOwner(): Promise<void> {
    return this.#change(async () => {
      this.#epoch += 1;
      const workers = this.#worker === undefined ? [] : [{ n: 1, incarnation: 1 }];
      this.#owner = await this.#router({ kind: 'owner', epoch: this.#epoch, workers });
    });
  }

  stopOwner(): Promise<void> {
    return this.#change(async () => {
      await this.#owner?.stop('test');
      this.#owner = undefined;
    });
  }

  async stop(): Promise<void> {
    await this.#worker?.stop('test');
    this.#worker = undefined;
    await this.stopOwner();
  }

  ask(text: string, more: Readonly<Record<string, unknown>> = {}): Promise<Reply> {
    return call(`${this.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TENANT_KEY}` },
      body: JSON.stringify({ model: 'm', max_tokens: 50, messages: [{ role: 'user', content: text }], ...more }),
    });
  }

  async status(): Promise<ClusterStatus> {
    const status = await this.#admin('/admin/v1/status');
    return (JSON.parse(status) as { cluster: ClusterStatus }).cluster;
  }

  /** What the owner process has in its queues. */
  async flow(): Promise<Flow> {
    return JSON.parse(await this.#admin('/admin/v1/flow')) as Flow;
  }

  /** Whether its owner process counts so many calls of a tenant today. */
  async knows(tenant: string, calls: number): Promise<boolean> {
    const live = JSON.parse(await this.#admin('/admin/v1/live')) as {
      tenants: readonly { tenant: string; used?: { calls: number } }[];
    };
    return live.tenants.some((one) => one.tenant === tenant && one.used?.calls === calls);
  }

  metrics(): Promise<string> {
    return this.#admin('/metrics');
  }

  /** Until its owner says so; one that is being started again does not answer. */
  async until(done: (status: ClusterStatus) => boolean): Promise<ClusterStatus> {
    for (;;) {
      const status = await this.status().catch(() => undefined);
      if (status !== undefined && done(status)) return status;
      await settled();
    }
  }

  #change(change: () => Promise<void>): Promise<void> {
    this.#changing = this.#changing.then(change);
    return this.#changing;
  }

  #router(process: ProcessRole): Promise<Router> {
    const { dir, url, providers, tenant, model, is_shared = process.kind !== 'single' } = this.#options;
    const config = configOf(dir, {
      ...(is_shared ? { cluster: { type: 'valkey', url } } : {}),
      providers: providers ?? [{ id: 'up', type: 'sim', sim: { latency_ms: { p50: 1, p95: 2 }, chunk_ms: 0 } }],
      models: [
        { id: 'm', provider: 'up', context: 128_000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 }, ...model },
      ],
      tenants: [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }], ...tenant }],
    });
    return createRouter({
      ...{ config, version: '1.2.3', sources: NO_SOURCES, process, pace: PACE },
      onProblem: (_, { message }) => this.problems.push(message),
      onEnd: (reason) => {
        this.ends.push(reason);
        void this.stopOwner();
        void this.startOwner();
      },
    });
  }

  #admin(path: string): Promise<string> {
    const socketPath = join(this.#options.dir, 'run', 'owner-http.sock');
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    return new Promise((resolve, reject) => {
      const sent = request({ socketPath, path, headers }, (incoming) => {
        let text = '';
        incoming.on('data', (data: Buffer) => {
          text += data.toString();
        });
        incoming.on('end', () => resolve(text));
      });
      sent.on('error', reject);
      sent.end();
    });
  }
}

/** Until exactly one of them holds the limits, all agree on it, and it knows what there is. */
export async function led(...machines: readonly Machine[]): Promise<{ leader: Machine; relays: readonly Machine[] }> {
  for (;;) {
    const all = await Promise.all(machines.map((machine) => machine.until(({ leader }) => leader !== null)));
    const epochs = new Set(all.map(({ epoch }) => epoch));
    const at = all.findIndex(({ role }) => role === 'leader');
    const leader = machines[at];
    const is_ready = epochs.size === 1 && all[at]?.is_recovering === false;
    if (is_ready && leader !== undefined) return { leader, relays: machines.filter((one) => one !== leader) };
    await settled();
  }
}
