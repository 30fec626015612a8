import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { startChild } from '../journal/support/helpers.ts';
import { failure, socketPath, startClient, startServer } from './support/links.ts';

function child(role: string, path: string): { process: ChildProcess; line: () => Promise<string> } {
  const process = startChild(new URL('./support/process.ts', import.meta.url), [role, path]);
  onTestFinished(() => void process.kill('SIGKILL'));
  const lines = createInterface({ input: process.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return { process, line: async () => ((await lines.next()) as { value: string }).value };
}

test('a server that is killed is noticed at once; the next one replaces the file that it left', async () => {
  const path = socketPath();
  const first = child('server', path);
  expect(await first.line()).toBe('listening');
  const a = startClient(path);
  await a.ups.until(1);
  expect(await a.peer.ask('echo', [1])).toEqual([1]);
  const open = failure(a.peer.ask('never', 1));
  first.process.kill('SIGKILL');
  expect((await open).status).toBe(503);
  await a.downs.until(1);
  expect(existsSync(path)).toBe(true);
  const second = child('server', path);
  expect(await second.line()).toBe('listening');
  await a.ups.until(2);
  expect(await a.peer.ask('echo', [2])).toEqual([2]);
});

test('a client that is killed is noticed at once', async () => {
  const path = socketPath();
  const b = await startServer(path);
  const { process } = child('client', path);
  const peer = await b.peers.until(1);
  expect(await peer.ask('echo', [1])).toEqual([1]);
  const open = failure(peer.ask('never', 1));
  process.kill('SIGKILL');
  expect((await open).status).toBe(503);
  await b.downs.until(1);
});

test('one that is stopped is noticed by its silence, and comes again when it goes on', async () => {
  const path = socketPath();
  const b = await startServer(path, { limits: { ping_ms: 200, silence_ms: 1_000 } });
  const { process } = child('client', path);
  const peer = await b.peers.until(1);
  const open = failure(peer.ask('never', 1));
  process.kill('SIGSTOP');
  expect((await open).status).toBe(503);
  await b.downs.until(1);
  expect(b.problems.all[0]?.message).toMatch(/silent for \d+ ms; it is stopped, or too busy\.$/);
  const before = b.peers.all.length;
  process.kill('SIGCONT');
  await b.peers.until(before + 1);
});

test('a process ends by itself when its links are closed', async () => {
  const { process, line } = child('both', socketPath());
  expect(await line()).toBe('closed');
  const code = await new Promise((resolve) => {
    if (process.exitCode !== null) resolve(process.exitCode);
    process.once('exit', resolve);
  });
  expect(code).toBe(0);
});
