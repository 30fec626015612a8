import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { listenOnPath } from '../src/unix-socket.ts';
import { startChild } from './journal/support/helpers.ts';

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'atp-unix-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function server(): Server {
  const made = createServer((socket) => socket.destroy());
  onTestFinished(() => void made.close());
  return made;
}

test('the file of a process that was killed is replaced, with its own mode', async () => {
  const path = join(folder(), 'a', 'b', 's.sock');
  const child = startChild(new URL('./link/support/process.ts', import.meta.url), ['server', path]);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  await expect(listenOnPath(server(), path)).rejects.toMatchObject({
    code: 'config_invalid',
    message: `Cannot listen on ${path}: another process listens there. Stop it, or name another path.`,
  });
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  expect(existsSync(path)).toBe(true);
  await listenOnPath(server(), path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('nothing but a socket is ever removed', async () => {
  const dir = folder();
  writeFileSync(join(dir, 'file'), 'dear');
  mkdirSync(join(dir, 'folder'));
  symlinkSync(join(dir, 'file'), join(dir, 'symlink'));
  for (const name of ['file', 'folder', 'symlink']) {
    const path = join(dir, name);
    await expect(listenOnPath(server(), path)).rejects.toMatchObject({
      code: 'config_invalid',
      message: `Cannot listen on ${path}: something that is no socket is there. Move it away, or name another path.`,
    });
  }
  expect(readFileSync(join(dir, 'file'), 'utf8')).toBe('dear');
});

test('a path that no socket can have is named', async () => {
  const dir = folder();
  const long = join(dir, 'x'.repeat(108));
  await expect(listenOnPath(server(), long)).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringMatching(/: the path of a socket has at most 10[37] bytes\. Name a shorter one\.$/) as string,
  });
  writeFileSync(join(dir, 'file'), '');
  await expect(listenOnPath(server(), join(dir, 'file', 's.sock'))).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringMatching(/^The folder .* cannot be used: something else is there already/) as string,
  });
});
