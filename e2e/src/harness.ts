import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    const child = new Child({ entry: './serve.ts', args: [file], ...options });
    const [, port] = await child.line(/^listening (\d+)$/);
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
      'atp_target_calls_in_flight',
      'atp_target_calls_waiting',
    ];
    return names.flatMap((name) => {
      const value = total(samples, name);
      return value === 0 ? [] : [`${name} ${value}`];
    });
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
export interface Rig {
  readonly dir: string;
  readonly upstream: Upstream;
  readonly router: RouterProcess;
  /** Ends both and fails when the books are wrong or something is still reserved. */
  close(): Promise<void>;
}

export async function startRig(
  configOf: (upstream: Upstream) => RouterConfig = (upstream) => standardConfig(upstream),
  options: RouterOptions = {},
): Promise<Rig> {
  const dir = makeTempDir();
  const upstream = await Upstream.start(dir);
  const router = await RouterProcess.start(dir, configOf(upstream), options);
  return { dir, upstream, router, close: () => closeRig(dir, upstream, router) };
}

async function closeRig(dir: string, upstream: Upstream, router: RouterProcess): Promise<void> {
  const problems: string[] = [];
  if (router.child.running) {
    const exit = await router.stop();
    if (exit.code !== 0) problems.push(`the router ended with ${exit.code ?? exit.signal}\n${router.child.stderr}`);
  }
  problems.push(...router.books().problems);
  await upstream.stop();
  removeDir(dir);
  if (problems.length > 0) throw new Error(problems.join('\n'));
}
