import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer as createHttp, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { bareEnv, bundledPath, type ValkeyServer } from '@atp-router/adapters/testing';
import { AtpClient, type ClientOptions, type LinkEvent } from '@atp-router/sdk';
import { onTestFinished } from 'vitest';
import { ADMIN_KEY, dataDir, hashOf, TENANT_KEY } from '../../admin/harness.ts';
import { through } from '../../admin/upstream.ts';

/** Stands before several routers, as a load balancer does: new connections go where it leads now. */
export interface Relay {
  readonly url: string;
  /** Where new connections go; those that there are stay. */
  leadTo(url: string): void;
  /** Resolves when something of a client has been handed on. */
  settled(): Promise<void>;
  /** Ends all connections. */
  cut(): void;
}

export async function relay(to: string): Promise<Relay> {
  let port = Number(new URL(to).port);
  const sockets = new Set<Socket>();
  const waiting: (() => void)[] = [];
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (bytes) => {
      far.write(bytes, () => {
        for (const resolve of waiting.splice(0)) resolve();
      });
    });
    far.pipe(near);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo: (url) => {
      port = Number(new URL(url).port);
    },
    settled: () => new Promise((resolve) => waiting.push(resolve)),
    cut,
  };
}

/** An upstream that knows which prompts it was given, and answers each when it is told to. */
export interface Prompts {
  readonly base_url: string;
  /** In the order in which they came, each as often as it came. */
  readonly seen: readonly string[];
  /** Prompts whose request the router has given up. */
  readonly given_up: ReadonlySet<string>;
  /** Answers all that wait, and all that come from now on. */
  release(): void;
}

export async function prompts(): Promise<Prompts> {
  const seen: string[] = [];
  const given_up = new Set<string>();
  let waiting: ServerResponse[] | undefined = [];
  const answer = (res: ServerResponse): void => {
    const message = { role: 'assistant', content: 'Done.' };
    const body = {
      ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-x' },
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    };
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const server = createHttp((req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => parts.push(part));
    req.on('end', () => {
      const prompt = /prompt [0-9]+/.exec(Buffer.concat(parts).toString())?.[0] ?? '';
      seen.push(prompt);
      res.once('close', () => {
        if (!res.writableFinished) given_up.add(prompt);
      });
      if (waiting === undefined) answer(res);
      else waiting.push(res);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    ...{ base_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, seen, given_up },
    release: () => {
      for (const res of waiting ?? []) answer(res);
      waiting = undefined;
    },
  };
}

/** The sections of routers that share a server of sessions. */
export function sharing(server: ValkeyServer, base_url: string, prefix: string): Readonly<Record<string, unknown>> {
  return {
    ...through(base_url),
    sessions: { store: { type: 'valkey', url: server.url(), seal_key: '0f'.repeat(32), prefix } },
  };
}

export interface ChildRouter {
  readonly url: string;
  /** Ends the process at once. */
  kill(): Promise<void>;
  /** It keeps its connections, and does nothing until `thaw`. */
  freeze(): void;
  thaw(): void;
}

/** A router in a process of its own, ended when the test is over. */
export async function childRouter(more: Readonly<Record<string, unknown>>): Promise<ChildRouter> {
  const dir = dataDir();
  const file = join(dir, 'atp.json');
  const tenants = [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }], budget: { usd_per_day: 50 } }];
  const admin = { keys: [{ id: 'root', hash: hashOf(ADMIN_KEY) }] };
  writeFileSync(file, JSON.stringify({ data_dir: join(dir, 'data'), listen: { port: 0 }, tenants, admin, ...more }));
  const entry = bundledPath('test-router', new URL('../../shared/support/serve.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=atp-source', entry, file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: bareEnv(),
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  const url = `http://127.0.0.1:${await listening(child)}`;
  return { url, kill, freeze: () => child.kill('SIGSTOP'), thaw: () => child.kill('SIGCONT') };
}

function listening(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (data: Buffer) => {
      said = (said + data.toString()).slice(-4_000);
    });
    child.stdout?.on('data', (data: Buffer) => {
      const port = /listening (\d+)\n/.exec(data.toString())?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    child.once('exit', (code) => reject(new Error(`the router ended with ${code}\n${said}`)));
  });
}

/** A client that comes back at once, and what it says of its connections. */
export function clientOf(
  url: string,
  more: Partial<ClientOptions> = {},
): { readonly client: AtpClient; readonly links: readonly LinkEvent[] } {
  const links: LinkEvent[] = [];
  const client = new AtpClient({
    ...{ url, key: TENANT_KEY, reconnect: { base_ms: 5, cap_ms: 50, attempts_max: 1_000 } },
    onLink: (event) => links.push(event),
    ...more,
  });
  onTestFinished(() => client.close());
  return { client, links };
}
