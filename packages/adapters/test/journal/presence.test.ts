import { closeSync, copyFileSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { AtpError } from '@atp-router/kernel';
import type { RouterEvent } from '@atp-router/ledger';
import { sampleStream } from '@atp-router/ledger/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { filePath, type Journal, openJournal } from '../../src/journal/index.ts';
import { watchPresence } from '../../src/journal/presence.ts';
import { journalOptions, tempDirs } from './support/helpers.ts';

const tempDir = tempDirs();
const events = sampleStream(5, 10).map(({ event }) => event);

function outcome(journal: Journal): Promise<AtpError | undefined> {
  return new Promise((resolve) => {
    journal.barrier(resolve);
  });
}

describe('a journal that is gone', () => {
  const lose: readonly (readonly [string, (dir: string, file: string) => void])[] = [
    ['its file was deleted', (_dir, file) => rmSync(file)],
    ['its folder was deleted', (dir) => rmSync(dir, { recursive: true })],
    ['its folder was moved away', (dir) => renameSync(dir, `${dir}-away`)],
    [
      'another file is in its place',
      (_dir, file) => {
        copyFileSync(file, `${file}.copy`);
        renameSync(`${file}.copy`, file);
      },
    ],
  ];

  it.each(lose)('fails for good: %s', async (_what, remove) => {
    const dir = join(tempDir(), 'journal');
    const states: (AtpError | undefined)[] = [];
    const journal = openJournal(journalOptions(dir, { on_state: (failure) => states.push(failure) }));
    journal.append(events[0] as RouterEvent);
    expect(await outcome(journal)).toBeUndefined();
    remove(dir, filePath(dir, 1));
    await vi.waitFor(() => expect(states).toHaveLength(1), 5_000);
    const [failure] = states;
    expect(failure).toMatchObject({ status: 503, message: expect.stringContaining('the journal file that it was') });
    expect(failure?.message).not.toContain(dir);
    expect(String(failure?.cause)).toContain(`${filePath(dir, 1)} was deleted, moved away or replaced`);
    journal.append(events[1] as RouterEvent);
    expect(await outcome(journal)).toBe(failure);
    await journal.close();
  });

  it('is not one that went on in its next file while it was looked at', async () => {
    const dir = tempDir();
    const [first, second] = ['a', 'b'].map((name) => ({ path: join(dir, name), fd: openSync(join(dir, name), 'w') }));
    if (first === undefined || second === undefined) throw new Error('no files');
    rmSync(first.path);
    const looks = [first];
    const gone: string[] = [];
    const watch = watchPresence(
      () => {
        const current = looks.shift() ?? second;
        if (current === second) rmSync(second.path, { force: true });
        return current;
      },
      (error) => gone.push(error.message),
    );
    onTestFinished(() => watch.stop());
    await vi.waitFor(() => expect(gone).toEqual([expect.stringContaining(second.path)]), 5_000);
    for (const { fd } of [first, second]) closeSync(fd);
  });
});
