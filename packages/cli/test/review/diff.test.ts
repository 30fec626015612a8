import { chmodSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DiffLine, type FileChange, parseDiff } from '../../src/review/diff.ts';
import { readDiff } from '../../src/review/git.ts';
import { Repository } from './repository.ts';

async function changes(repository: Repository, range?: string): Promise<readonly FileChange[]> {
  return parseDiff((await readDiff(range, [], repository.terminal())).text);
}

const newSide = ({ lines }: FileChange): readonly string[] =>
  lines.filter(({ kind }) => kind !== 'removed').map(({ text }) => text);

describe('what git prints is read', () => {
  test('a change, with whole files and numbers of the new side', async () => {
    const repository = new Repository();
    repository.write('a.txt', 'one\ntwo\nthree\nfour\n');
    repository.commit('first');
    repository.write('a.txt', 'zero\none\ntwo\nfour\n');
    const [file] = await changes(repository);
    expect(file).toMatchObject({ path: 'a.txt', status: 'modified', kind: 'text', added: 1, removed: 1 });
    expect(file?.lines).toEqual([
      { kind: 'added', text: 'zero', new_line: 1 },
      { kind: 'same', text: 'one', new_line: 2 },
      { kind: 'same', text: 'two', new_line: 3 },
      { kind: 'removed', text: 'three', new_line: undefined },
      { kind: 'same', text: 'four', new_line: 4 },
    ]);
  });

  test('renames, deletions, new files, modes, links, binaries and submodules', async () => {
    const repository = new Repository();
    const long = Array.from({ length: 40 }, (_, i) => `line ${i}`).join('\n');
    repository.write('old name.txt', `${long}\n`);
    repository.write('gone.txt', 'bye\n');
    repository.write('run.sh', 'echo\n');
    repository.write('pic.bin', Uint8Array.of(0, 1, 2, 3));
    const commit = repository.commit('first');
    repository.git('mv', 'old name.txt', 'new name.txt');
    repository.write('new name.txt', `${long}\nmore\n`);
    rmSync(join(repository.path, 'gone.txt'));
    repository.write('empty.txt', '');
    chmodSync(join(repository.path, 'run.sh'), 0o755);
    repository.write('pic.bin', Uint8Array.of(0, 1, 2, 4));
    symlinkSync('/etc/passwd', join(repository.path, 'link'));
    repository.git('add', '--all');
    repository.git('update-index', '--add', '--cacheinfo', `160000,${commit},sub`);
    repository.git('commit', '--quiet', '-m', 'second');
    const found = await changes(repository, 'HEAD');
    expect(found.map(({ path, status, kind }) => [path, status, kind])).toEqual([
      ['empty.txt', 'added', 'text'],
      ['gone.txt', 'deleted', 'text'],
      ['link', 'added', 'symlink'],
      ['new name.txt', 'renamed', 'text'],
      ['pic.bin', 'modified', 'binary'],
      ['run.sh', 'modified', 'text'],
      ['sub', 'added', 'submodule'],
    ]);
    const by = (path: string): FileChange | undefined => found.find((one) => one.path === path);
    expect(by('new name.txt')).toMatchObject({ old_path: 'old name.txt', added: 1, removed: 0 });
    expect(by('run.sh')).toMatchObject({ old_mode: '100644', new_mode: '100755', lines: [] });
    // Where a link leads is its text; what is there is not read.
    expect(by('link')?.lines).toEqual([{ kind: 'added', text: '/etc/passwd', new_line: 1 }]);
    expect(by('gone.txt')?.lines).toEqual([{ kind: 'removed', text: 'bye', new_line: undefined }]);
  });

  test('names that git quotes, line ends of others, no line end at all', async () => {
    const repository = new Repository();
    const names = ['grüße/日本 語.ts', 'tab\there.ts', 'quote".ts', 'back\\slash.ts', 'a b/b a.ts'];
    for (const name of names) repository.write(name, 'one\r\ntwo\r\n');
    repository.commit('first');
    for (const name of names) repository.write(name, 'one\r\ntwo\r\nthree');
    const found = await changes(repository);
    expect(found.map(({ path }) => path)).toEqual([...names].sort());
    for (const file of found) {
      expect(newSide(file)).toEqual(['one', 'two', 'three']);
      expect(file).toMatchObject({ added: 1, removed: 0 });
    }
  });

  test('lines that look like headers stay lines', async () => {
    const repository = new Repository();
    repository.write('a.txt', '-- a/b\n++ c\n');
    repository.commit('first');
    const lines = ['++ b/evil.ts', 'diff --git a/x b/x', '@@ -1 +1 @@', '\\ No newline', 'rename to y', ''];
    repository.write('a.txt', `${lines.join('\n')}\n`);
    const found = await changes(repository);
    expect(found.map(({ path }) => path)).toEqual(['a.txt']);
    expect(newSide(found[0] as FileChange)).toEqual(lines);
  });

  test('any lines, as a patch and back', () => {
    const line = fc.record({
      kind: fc.constantFrom('same' as const, 'added' as const, 'removed' as const),
      text: fc.string({ maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, '')),
    });
    fc.assert(
      fc.property(fc.array(fc.array(line, { minLength: 1, maxLength: 8 }), { maxLength: 5 }), (files) => {
        const parsed = parseDiff(files.map(patchOf).join(''));
        expect(parsed.map(({ lines }) => lines.map(({ kind, text }) => ({ kind, text })))).toEqual(files);
      }),
    );
  });
});

const SIGNS = { same: ' ', added: '+', removed: '-' } as const;

function patchOf(lines: readonly Pick<DiffLine, 'kind' | 'text'>[], i: number): string {
  const name = `f${i}.txt`;
  const count = (other: DiffLine['kind']): number => lines.filter(({ kind }) => kind !== other).length;
  const body = lines.map(({ kind, text }) => `${SIGNS[kind]}${text}\n`).join('');
  const sides = `--- a/${name}\n+++ b/${name}\n`;
  return `diff --git a/${name} b/${name}\nindex 1..2 100644\n${sides}@@ -1,${count('added')} +1,${count('removed')} @@\n${body}`;
}
