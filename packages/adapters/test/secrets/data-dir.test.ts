import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isAtpError } from '@atp-router/kernel';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openDataDir, readLocalAdminKey, writeLocalAdminKey } from '../../src/secrets/index.ts';

function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'atp-secrets-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

function failure(open: () => unknown): { code: string; param: string | undefined; message: string } {
  try {
    open();
  } catch (error) {
    if (isAtpError(error)) return { code: error.code, param: error.param, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a data directory', () => {
  test('is made on the first start, for its owner alone, and read on the next', () => {
    const dir = join(tempDir(), 'deep', 'er');
    const first = openDataDir(dir);
    expect(first.seal_key).toHaveLength(32);
    expect(first.node_id).toMatch(/^node-[0-9a-f]{12}$/);
    expect(modeOf(dir)).toBe('700');
    expect(readdirSync(dir).sort()).toEqual(['node.id', 'seal.key']);
    for (const file of readdirSync(dir)) expect(modeOf(join(dir, file))).toBe('600');
    expect(openDataDir(dir)).toEqual(first);
  });

  test('two of them have different secrets', () => {
    const [a, b] = [openDataDir(tempDir()), openDataDir(tempDir())];
    expect(Buffer.compare(a.seal_key, b.seal_key)).not.toBe(0);
    expect(a.node_id).not.toBe(b.node_id);
  });

  test('a configured node id is kept, and wins over a stored one without replacing it', () => {
    const dir = tempDir();
    expect(openDataDir(dir, 'alpha').node_id).toBe('alpha');
    expect(openDataDir(dir).node_id).toBe('alpha');
    expect(openDataDir(dir, 'beta').node_id).toBe('beta');
    expect(openDataDir(dir).node_id).toBe('alpha');
  });

  test('processes that start at once on new directories all get the same secrets', async () => {
    const parent = tempDir();
    const dirs = Array.from({ length: 20 }, (_, i) => join(parent, String(i)));
    const script = new URL('./support/opener.ts', import.meta.url).pathname;
    const children = Array.from({ length: 2 }, () => {
      const child = spawn(process.execPath, ['--conditions=atp-source', script, ...dirs], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
    });
    for (const { lines } of children) expect((await lines.next()).value).toBe('ready');
    const at_ms = Date.now() + 50;
    for (const { child } of children) child.stdin.write(String(at_ms));
    const [one, other] = [await children[0]?.lines.next(), await children[1]?.lines.next()];
    expect(one?.value).toBe(other?.value);
    const secrets = JSON.parse(String(one?.value)) as string[];
    for (const [i, dir] of dirs.entries()) {
      expect(secrets[i]).toMatch(/^[0-9a-f]{64} node-[0-9a-f]{12}$/);
      expect(readdirSync(dir).sort()).toEqual(['node.id', 'seal.key']);
      expect(openDataDir(dir).node_id).toBe(secrets[i]?.split(' ')[1]);
    }
  }, 120_000);
});

describe('what cannot be used is refused with the reason', () => {
  test('a file in place of the directory', () => {
    const file = join(tempDir(), 'file');
    writeFileSync(file, '');
    const { code, param, message } = failure(() => openDataDir(file));
    expect([code, param]).toEqual(['config_invalid', 'data_dir']);
    expect(message).toBe(
      `The data directory ${file} cannot be used: something else is there already (EEXIST). Move it away, or name another folder.`,
    );
    expect(failure(() => openDataDir(join(file, 'below'))).message).toContain('is a file (ENOTDIR). Name a folder.');
  });

  test('a secret that cannot be read', () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'seal.key'));
    expect(failure(() => openDataDir(dir)).message).toBe(
      `The data directory ${dir} cannot be used: a folder is where a file belongs (EISDIR) at ${dir}/seal.key. Move that folder away.`,
    );
  });

  test.each([
    ['seal.key', '', 'seal.key does not hold 32 bytes. Restore it'],
    ['seal.key', 'abcd', 'seal.key does not hold 32 bytes. Restore it'],
    ['seal.key', 'x'.repeat(64), 'seal.key does not hold 32 bytes. Restore it'],
    ['node.id', '\n', 'node.id is empty. Restore it'],
    ['node.id', 'red\u001b[31m', 'node.id holds no name of a router. Restore it'],
    ['node.id', 'two words', 'node.id holds no name of a router. Restore it'],
  ])('%s with %j', (file, content, reason) => {
    const dir = tempDir();
    writeFileSync(join(dir, file), content);
    const { code, message } = failure(() => openDataDir(dir));
    expect(code).toBe('config_invalid');
    expect(message.startsWith(`The data directory ${dir} cannot be used: ${reason}`)).toBe(true);
    expect(message).toMatch(/^[\x20-\x7e]+$/);
    // Never replaced: outcomes sealed with the key that was there would be lost.
    expect(readFileSync(join(dir, file), 'utf8')).toBe(content);
  });
});

describe('the local admin key', () => {
  test('is absent, then what was written last, for its owner alone', () => {
    const dir = tempDir();
    expect(readLocalAdminKey(dir)).toBeUndefined();
    writeLocalAdminKey(dir, 'one');
    expect(readLocalAdminKey(dir)).toBe('one');
    writeLocalAdminKey(dir, 'two');
    expect(readLocalAdminKey(dir)).toBe('two');
    expect(modeOf(join(dir, 'admin.key'))).toBe('600');
    expect(readdirSync(dir)).toEqual(['admin.key']);
  });

  test('stays what it was when the disk takes only a part of the new one', () => {
    const dir = tempDir();
    writeLocalAdminKey(dir, 'one');
    const script = new URL('./support/key-writer.ts', import.meta.url).pathname;
    // One block of 512 or 1,024 bytes may be written: the system takes that much and refuses the rest.
    const limited = 'ulimit -f 1 && exec "$0" --conditions=atp-source "$@"';
    const { stdout } = spawnSync('sh', ['-c', limited, process.execPath, script, dir], { encoding: 'utf8' });
    expect(stdout).toContain('EFBIG');
    expect(readLocalAdminKey(dir)).toBe('one');
    expect(readdirSync(dir)).toEqual(['admin.key']);
  });

  test('a folder in its place is named, and nothing is left of the attempt', () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'admin.key', 'inside'), { recursive: true });
    expect(failure(() => writeLocalAdminKey(dir, 'one')).message).toContain(` at ${dir}/admin.key. Move that folder`);
    expect(failure(() => readLocalAdminKey(dir)).message).toContain(`(EISDIR) at ${dir}/admin.key`);
    expect(readdirSync(dir)).toEqual(['admin.key']);
  });

  test('a file that others could read is replaced by one that they cannot', () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'admin.key'), 'old', { mode: 0o644 });
    writeLocalAdminKey(dir, 'new');
    expect(modeOf(join(dir, 'admin.key'))).toBe('600');
  });
});
