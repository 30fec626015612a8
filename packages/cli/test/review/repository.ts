import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Terminal } from '../../src/terminal.ts';
import { fakeTerminal } from '../support/terminal.ts';

/** A repository of git for one test, away from the settings of whoever runs it. */
export class Repository {
  readonly path: string = mkdtempSync(join(tmpdir(), 'atp-review-test-'));

  constructor() {
    onTestFinished(() => rmSync(this.path, { recursive: true, force: true }));
    this.git('init', '--quiet', '--initial-branch=main');
  }

  git(...args: readonly string[]): string {
    const who = { name: 'a', email: 'a@example.com' };
    return execFileSync('git', ['-c', `user.name=${who.name}`, '-c', `user.email=${who.email}`, ...args], {
      cwd: this.path,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', HOME: this.path, GIT_CONFIG_NOSYSTEM: '1' },
    });
  }

  write(name: string, text: string | Uint8Array, mode?: number): void {
    const file = join(this.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    if (mode !== undefined) chmodSync(file, mode);
  }

  commit(message: string): string {
    this.git('add', '--all');
    this.git('commit', '--quiet', '--allow-empty', '-m', message);
    return this.git('rev-parse', 'HEAD').trim();
  }

  terminal(): Terminal {
    return fakeTerminal({ cwd: this.path, env: { HOME: this.path } }).terminal;
  }
}
