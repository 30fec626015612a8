import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CborEncoder, decodeCbor } from '@atp-router/wire';
import WebSocket from 'ws';
import { End, optionsOf } from './end.ts';
import type { Counted } from './server.ts';

export interface SocketRun {
  /** Frames in and out of the server per second, and per second of its CPU. */
  readonly per_second: number;
  readonly per_cpu_second: number;
}

/** Sessions of this process send to the server over WebSockets as fast as they may. */
export async function throughSockets(connections: number, is_signed: boolean, slice_ms: number): Promise<SocketRun> {
  const execArgv = ['--conditions=atp-source'];
  const child = fork(join(import.meta.dirname, 'server.ts'), [is_signed ? 'signed' : 'unsigned'], { execArgv });
  try {
    const [port] = (await once(child, 'message')) as [number];
    const ends = await Promise.all(Array.from({ length: connections }, (_, i) => open(port, `bench-${i}`, is_signed)));
    const timer = setInterval(() => {
      for (const { end } of ends) end.timeout();
    }, 5);
    await delay(slice_ms / 2);
    const before = await counted(child);
    const started = performance.now();
    await delay(slice_ms);
    const after = await counted(child);
    const seconds = (performance.now() - started) / 1_000;
    clearInterval(timer);
    for (const { socket } of ends) socket.terminate();
    const frames = after.frames - before.frames;
    return { per_second: frames / seconds, per_cpu_second: (frames / (after.cpu_us - before.cpu_us)) * 1e6 };
  } finally {
    child.disconnect();
  }
}

async function counted(child: ChildProcess): Promise<Counted> {
  child.send('count');
  const [found] = (await once(child, 'message')) as [Counted];
  return found;
}

async function open(port: number, session_id: string, is_signed: boolean): Promise<{ end: End; socket: WebSocket }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, 'atp.v1', { perMessageDeflate: false });
  await once(socket, 'open');
  const cbor = new CborEncoder();
  const end = new End(optionsOf('client', session_id, is_signed), true, (frame) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(cbor.encode(frame));
  });
  socket.on('message', (data: Buffer) => end.frame(decodeCbor(data), data.length));
  end.handle({ type: 'connected', wall_ms: Date.now() });
  return { end, socket };
}
