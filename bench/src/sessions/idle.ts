import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeFrame, encodeCbor } from '@atp-router/wire';
import WebSocket from 'ws';
import { Child } from '../child.ts';
import { End, optionsOf } from './end.ts';

const KEY = 'key-of-the-bench';
const ROOT = join(import.meta.dirname, '../../..');

export interface IdleRun {
  readonly before_mib: number;
  readonly after_mib: number;
}

/** A router, as its users start it, whose sessions have said hello and nothing more: its resident memory. */
export async function idleSessions(sessions: number, is_kept: boolean): Promise<IdleRun> {
  const folder = mkdtempSync(join(tmpdir(), 'atp-bench-'));
  const file = join(folder, 'atp.json');
  const hash = `sha256:${createHash('sha256').update(KEY).digest('hex')}`;
  const config = {
    ...{ listen: { port: 0 }, data_dir: './data', sessions: { keep: is_kept }, telemetry: { log_level: 'error' } },
    providers: [{ id: 'sim', type: 'sim', allow_any_model: true }],
    tenants: [{ id: 'bench', keys: [{ id: 'k', hash }] }],
    admin: { keys: [{ id: 'ops', hash: `sha256:${'0'.repeat(64)}` }] },
  };
  writeFileSync(file, JSON.stringify(config));
  const main = join(ROOT, 'packages/cli/src/main.ts');
  const args = ['--conditions=atp-source', main, 'serve', '--config', file, '--json'];
  const router = new Child([process.execPath, ...args], { cwd: ROOT });
  const sockets: WebSocket[] = [];
  try {
    const [, port = ''] = await router.line(/"event":"listening","url":"http:\/\/127\.0\.0\.1:(\d+)"/);
    await delay(500);
    const before_mib = rss_mib(router.pid);
    for (let i = 0; i < sessions; i += 1) sockets.push(await open(Number(port), `an-idle-session-${i}`));
    await delay(2_000);
    return { before_mib, after_mib: rss_mib(router.pid) };
  } finally {
    for (const socket of sockets) socket.terminate();
    await router.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A session that beats as it has to, and does nothing else. */
async function open(port: number, session_id: string): Promise<WebSocket> {
  const headers = { authorization: `Bearer ${KEY}` };
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, 'atp.v1', { headers, perMessageDeflate: false });
  await once(socket, 'open');
  const end = new End(optionsOf('client', session_id, false), false, (frame) => socket.send(encodeCbor(frame)));
  const timer = setInterval(() => end.timeout(), 1_000);
  socket.on('close', () => clearInterval(timer));
  const answered = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => {
      end.frame(decodeFrame(data), data.length);
      if (end.established) resolve();
    });
  });
  end.handle({ type: 'connected', wall_ms: Date.now() });
  await answered;
  return socket;
}

/** Resident memory, by the kernel's account. */
function rss_mib(pid: number): number {
  const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1_024;
}
