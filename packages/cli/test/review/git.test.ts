import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { changesOf } from '../../src/review/changes.ts';
import { readDiff } from '../../src/review/git.ts';
import { Repository } from './repository.ts';

const HOOK = 'post-index-change';
const PROGRAMS = [
  'core.fsmonitor',
  'core.pager',
  'diff.external',
  'diff.evil.command',
  'diff.evil.textconv',
  'filter.evil.clean',
  'filter.evil.smudge',
];

/** A repository whose settings have a program run at every occasion, which leaves a file of the name of the setting. */
function hostile(): { readonly repository: Repository; readonly ran: () => readonly string[] } {
  const repository = new Repository();
  const marks = join(repository.path, '.git', 'ran');
  const evil = (name: string): string => `#!/bin/sh\ntouch '${join(marks, name)}'\ncat\n`;
  repository.write('a.txt', 'one\n');
  repository.write('.gitattributes', '*.txt filter=evil diff=evil\n');
  repository.commit('first');
  mkdirSync(marks);
  for (const name of PROGRAMS) {
    repository.write(`.git/evil/${name}`, evil(name), 0o755);
    repository.git('config', name, join(repository.path, '.git/evil', name));
  }
  repository.git('config', 'filter.evil.required', 'true');
  repository.write(`.git/hooks/${HOOK}`, evil(HOOK), 0o755);
  repository.write('a.txt', 'two and more\n');
  return { repository, ran: () => readdirSync(marks).sort() };
}

describe('the diff of a range', () => {
  test('runs no program of a hostile repository', async () => {
    const { repository, ran } = hostile();
    const { text } = await readDiff(undefined, [], repository.terminal());
    expect(text).toContain('+two and more');
    expect(ran()).toEqual([]);
    // Without the guards they would have run.
    for (const more of [[], ['-c', 'core.fsmonitor=false']]) {
      spawnSync('git', [...more, 'diff', 'HEAD'], { cwd: repository.path, stdio: 'ignore' });
    }
    expect(ran()).toEqual(expect.arrayContaining(['core.fsmonitor', 'diff.evil.command', 'filter.evil.clean']));
  });

  test('has text that is only called binary', async () => {
    const repository = new Repository();
    repository.write('.gitattributes', '*.js binary\n');
    repository.commit('first');
    repository.git('config', 'core.bigFileThreshold', '1');
    repository.write('real.bin', Uint8Array.of(0, 1, 255));
    repository.write('evil.js', 'steal();\n');
    repository.write('small.ts', 'also();\n');
    repository.git('add', '--all');
    const found = await changesOf(await readDiff(undefined, [], repository.terminal()));
    expect(found.map(({ path, kind, added }) => [path, kind, added])).toEqual([
      ['evil.js', 'text', 1],
      ['real.bin', 'binary', 0],
      ['small.ts', 'text', 1],
    ]);
  });

  test('does not leave the repository for a working tree elsewhere', async () => {
    const repository = new Repository();
    repository.write('passwd', 'x\n');
    repository.commit('first');
    repository.git('config', 'core.worktree', '/etc');
    await expect(readDiff(undefined, [], repository.terminal())).rejects.toThrow('which is none');
  });

  test('two ends, a fork, one commit, the first one, and nothing yet', async () => {
    const repository = new Repository();
    repository.write('a.txt', 'one\n');
    const plus = async (range?: string, paths: readonly string[] = []): Promise<readonly string[]> => {
      const { text } = await readDiff(range, paths, repository.terminal());
      return [...text.matchAll(/^\+([a-z]+)$/gm)].map(([, word]) => word ?? '');
    };
    repository.git('add', '--all');
    expect(await plus()).toEqual(['one']);
    const first = repository.commit('first');
    expect(await plus(first)).toEqual(['one']);
    repository.git('checkout', '--quiet', '-b', 'topic');
    repository.write('b.txt', 'two\n');
    repository.commit('second');
    repository.git('checkout', '--quiet', 'main');
    repository.write('c.txt', 'three\n');
    repository.commit('third');
    expect(await plus('main...topic')).toEqual(['two']);
    expect(await plus('topic..main')).toEqual(['three']);
    expect(await plus('HEAD')).toEqual(['three']);
    expect(await plus(`${first}..`)).toEqual(['three']);
    expect(await plus('main...topic', ['a.txt'])).toEqual([]);
    for (const range of ['nowhere', '--output=x', 'main..nowhere']) {
      await expect(plus(range), range).rejects.toThrow('git knows no commit');
    }
    expect(existsSync(join(repository.path, 'x'))).toBe(false);
  });
});
