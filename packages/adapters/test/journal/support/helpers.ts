import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '@atp-router/kernel';
import { type JournalRecord, parseRecords, type RouterEvent } from '@atp-router/ledger';
import { afterEach } from 'vitest';
import { type JournalOptions, listFiles, scanToEnd } from '../../../src/journal/index.ts';

/** A directory of its own for each test, removed after it. */
export function tempDirs(): () => string {
  const made: string[] = [];
  afterEach(() => {
    for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
  });
  return () => {
    const dir = mkdtempSync(join(tmpdir(), 'atp-journal-'));
    made.push(dir);
    return dir;
  };
}

/** A clock that moves one millisecond with each look. */
export function tickingClock(start_ms: number = 1_790_000_000_000): Clock {
  let now_ms = start_ms;
  const next = (): number => {
    now_ms += 1;
    return now_ms;
  };
  return { now_ms: next, mono_ms: next };
}

export function journalOptions(dir: string, more: Partial<JournalOptions> = {}): JournalOptions {
  const defaults = { fsync: 'never', fsync_interval_ms: 10, segment_bytes: 1 << 26 } as const;
  return { dir, node_id: 'n1', clock: tickingClock(), ...defaults, ...more };
}

/** Every record of a journal directory by epoch. */
export function readRecords(dir: string): Map<number, JournalRecord[]> {
  const out = new Map<number, JournalRecord[]>();
  for (const { epoch, path } of listFiles(dir)) {
    const records: JournalRecord[] = [];
    const end = scanToEnd(path, (block) => records.push(...parseRecords(block).records));
    if (end.fault !== undefined || end.pending_bytes > 0) throw new Error(`${path} is not clean`);
    out.set(epoch, records);
  }
  return out;
}

/** What was appended to a journal directory, in its order. */
export function readEvents(dir: string): RouterEvent[] {
  const records = [...readRecords(dir).values()].flat();
  return records.map(({ v: _v, seq: _seq, ts_ms: _ts, ...event }) => event as RouterEvent);
}

export function startChild(script: URL, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--conditions=atp-source', fileURLToPath(script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** All whole lines that a child writes until it ends, and the signal that ended it. */
export function linesOf(child: ChildProcess): Promise<{ lines: string[]; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.setEncoding('utf8');
    child.stdout?.on('data', (part: string) => {
      text += part;
    });
    child.once('error', reject);
    child.once('close', (_code, signal) => resolve({ lines: text.split('\n').slice(0, -1), signal }));
  });
}
