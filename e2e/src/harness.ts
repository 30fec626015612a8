import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { programPath } from '@atp-router/adapters/testing';
import { Child, type Exit } from './child.ts';
import { type RouterConfig, secretOf, standardConfig } from './config.ts';
import { type Answered, type Asked, ask } from './http.ts';
import { type Books, booksOf, readJournal } from './journal.ts';
import { parseMetrics, type Sample, total } from './metrics.ts';
import { Upstream } from './upstream/upstream.ts';

export interface RouterOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly node_args?: readonly string[];
}

/** The router as its users start it: `atp serve`. */
const ROUTER = pathToFileURL(programPath());
const TETHER = fileURLToPath(new URL('./tether.ts', import.meta.url));

/** A router in a process of its own. */
export class RouterProcess {
  readonly port: number;
  readonly dir: string;
  readonly child: Child;

  private constructor(child: Child, port: number, dir: string) {
    this.child = child;
    this.port = port;
    this.dir = dir;
  }

  /** Starts a router in a folder; its data directory is `data` there. */
  static async start(dir: string, config: RouterConfig, options: RouterOptions = {}): Promise<RouterProcess> {
    const file = join(dir, 'atp.json');
    writeFileSync(file, JSON.stringify(config));
    const node_args = ['--import', TETHER, ...(options.node_args ?? [])];
    const args = ['serve', '--config', file, '--json'];
    const child = new Child({ entry: ROUTER, args, ...options, node_args });
    const [, port] = await child.line(/^\{"event":"listening","url":"http:\/\/127\.0\.0\.1:(\d+)"/);
    return new RouterProcess(child, Number(port), dir);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get data_dir(): string {
    return join(this.dir, 'data');
  }

  /** One request of a tenant, with full control over both directions. */
  ask(path: string, body: unknown, over: Partial<Asked> = {}): Promise<Answered> {
    return ask({ port: this.port, path, body, key: secretOf('acme'), ...over });
  }

  async metrics(): Promise<Sample[]> {
    const answer = await ask({ port: this.port, path: '/metrics', method: 'GET' });
    return parseMetrics(await answer.text());
  }

  /** The journal as it is in the file now. */
  books(): Books {
    return booksOf(readJournal(this.data_dir));
  }

  /** What is still reserved, in flight or waiting; empty when nothing is. */
  async outstanding(): Promise<string[]> {
    const samples = await this.metrics();
    const names = [
      'atp_calls_in_flight',
      'atp_tenant_outstanding_calls',
      'atp_tenant_outstanding_tokens',
      'atp_tenant_outstanding_usd_micros',
      'atp_provider_calls_in_flight',
      'atp_provider_calls_waiting',
      'atp_target_calls_in_flight',
      'atp_target_calls_waiting',
    ];
    return names.flatMap((name) => {
      const value = total(samples, name);
      return value === 0 ? [] : [`${name} ${value}`];
    });
  }

  /** Resident memory, by the kernel's account. */
  rss_mib(): number {
    const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8')) ?? [];
    return Math.round(Number(kib) / 1_024);
  }

  async stop(): Promise<Exit> {
    this.child.signal('SIGTERM');
    return await this.child.exited;
  }
}

/** A folder of its own below the system's temporary one. */
export function makeTempDir(): string {
  return mkdtempSync(join(tmpdir(), 'atp-e2e-'));
}

export function removeDir(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
}

/** An upstream and a router before it, for one test file. */
export class Rig {
  readonly dir: string;
  readonly upstream: Upstream;
  readonly #config: RouterConfig;
  readonly #options: RouterOptions;
  #router: RouterProcess;

  constructor(dir: string, upstream: Upstream, router: RouterProcess, config: RouterConfig, options: RouterOptions) {
    this.dir = dir;
    this.upstream = upstream;
    this.#router = router;
    this.#config = config;
    this.#options = options;
  }

  get router(): RouterProcess {
    return this.#router;
  }

  /** Starts another router on the data directory of the last one, which has ended. */
  async restart(): Promise<void> {
    this.#router = await this.second();
  }

  /** Starts a router beside the one that runs. */
  second(): Promise<RouterProcess> {
    return RouterProcess.start(this.dir, this.#config, this.#options);
  }

  /** Ends both and fails when the books are wrong. */
  async close(): Promise<void> {
    await this.stop();
    const { problems } = this.router.books();
    this.remove();
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }

  /** Ends both, and leaves the folder for whoever wants to look at it. */
  async stop(): Promise<void> {
    const { child } = this.router;
    const exit = child.running ? await this.router.stop() : undefined;
    await this.upstream.stop();
    if (exit !== undefined && exit.code !== 0) {
      this.remove();
      throw new Error(`the router ended with ${exit.code ?? exit.signal}\n${child.stderr}`);
    }
  }

  remove(): void {
    removeDir(this.dir);
  }
}

export async function startRig(
  configOf: (upstream: Upstream) => RouterConfig = (upstream) => standardConfig(upstream),
  options: RouterOptions = {},
  flags: readonly ('durable' | 'quiet')[] = [],
): Promise<Rig> {
  const dir = makeTempDir();
  const upstream = await Upstream.start(dir, ...flags);
  const config = configOf(upstream);
  try {
    return new Rig(dir, upstream, await RouterProcess.start(dir, config, options), config, options);
  } catch (error) {
    await upstream.stop();
    throw error;
  }
}
