import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Timers } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import {
  type ConfigWatcher,
  loadConfig,
  type ReloadOutcome,
  requireConfig,
  watchConfig,
} from '../../src/config/index.ts';
import { append, SMALL } from './support.ts';

interface Rig {
  readonly watcher: ConfigWatcher;
  readonly outcomes: ReloadOutcome[];
  readonly errors: string[];
  readonly waiting: (() => void)[];
  /** Whether new configurations are brought into force. */
  fits: boolean;
  set(text: string): void;
  event(name: string | null): void;
  fail(reason: string): void;
  isClosed(): boolean;
}

/** A watcher over a file in memory, with a folder and a clock that the test drives. */
function rig(): Rig {
  let text = SMALL.join('\n');
  let closed = false;
  let onChange: (name: string | null) => void = () => undefined;
  let onError: (reason: string) => void = () => undefined;
  const waiting: (() => void)[] = [];
  const outcomes: ReloadOutcome[] = [];
  const errors: string[] = [];
  const timers: Timers = {
    after: (_delay_ms, run) => {
      waiting.push(run);
      return { cancel: () => waiting.splice(waiting.indexOf(run), 1) };
    },
  };
  const load = () => loadConfig('/etc/atp/atp.yaml', { NAME: 'x' }, { read: () => ({ ok: true, text }) });
  const watcher = watchConfig({
    file: '/etc/atp/atp.yaml',
    config: requireConfig(load()),
    load,
    timers,
    onOutcome: (outcome) => {
      outcomes.push(outcome);
      return outcome.kind === 'unchanged' || (outcome.kind === 'changed' && it.fits);
    },
    onWatchError: (reason) => errors.push(reason),
    watch: (folder, change, error) => {
      expect(folder).toBe('/etc/atp');
      onChange = change;
      onError = error;
      return { close: () => (closed = true) };
    },
  });
  const it: Rig = {
    watcher,
    outcomes,
    errors,
    waiting,
    fits: true,
    set: (next) => (text = next),
    event: (name) => onChange(name),
    fail: (reason) => onError(reason),
    isClosed: () => closed,
  };
  return it;
}

function settle(it: Rig): void {
  for (const run of it.waiting.splice(0)) run();
}

describe('hot reload', () => {
  test('a changed file becomes the configuration', () => {
    const it = rig();
    it.set(append('telemetry: { log_level: debug }'));
    it.event('atp.yaml');
    expect(it.outcomes).toEqual([]);
    settle(it);
    expect(it.outcomes).toMatchObject([{ kind: 'changed', restart_needed: [] }]);
    expect(it.watcher.current().telemetry.log_level).toBe('debug');
  });

  test('a bad file changes nothing and is reported once', () => {
    const it = rig();
    it.set(append('tenant: []'));
    for (let i = 0; i < 3; i += 1) {
      it.event('atp.yaml');
      settle(it);
    }
    expect(it.outcomes).toMatchObject([{ kind: 'invalid', problems: [{ line: 10, path: 'tenant' }] }]);
    expect(it.watcher.current().models).toHaveLength(1);
    it.set(append('agent: []'));
    it.event('atp.yaml');
    settle(it);
    expect(it.outcomes).toHaveLength(2);
  });

  test('a file that is good again is taken, and a fault after that is news', () => {
    const it = rig();
    for (const text of [append('tenant: []'), append('node_id: n'), append('tenant: []')]) {
      it.set(text);
      it.event('atp.yaml');
      settle(it);
    }
    expect(it.outcomes.map((outcome) => outcome.kind)).toEqual(['invalid', 'changed', 'invalid']);
    expect(it.watcher.current().node_id).toBe('n');
  });

  test('what was refused is not in force: the same file is offered again, until it fits', () => {
    const it = rig();
    it.fits = false;
    it.set(append('node_id: n'));
    expect(it.watcher.reload().kind).toBe('changed');
    expect(it.watcher.current().node_id).toBeUndefined();
    expect(it.watcher.reload().kind).toBe('changed');
    it.fits = true;
    expect(it.watcher.reload().kind).toBe('changed');
    expect(it.watcher.current().node_id).toBe('n');
    expect(it.watcher.reload().kind).toBe('unchanged');
  });

  test('a file that goes back to what is in force after a fault is news, once', () => {
    const it = rig();
    for (const text of [append('tenant: []'), append('# as before'), append('# and so on')]) {
      it.set(text);
      it.event('atp.yaml');
      settle(it);
    }
    expect(it.outcomes.map((outcome) => outcome.kind)).toEqual(['invalid', 'unchanged']);
  });

  test('many events are one load, and a constant stream of them does not put it off', () => {
    const it = rig();
    it.set(append('node_id: n'));
    for (let i = 0; i < 50; i += 1) it.event('atp.yaml');
    expect(it.waiting).toHaveLength(1);
    settle(it);
    expect(it.outcomes).toHaveLength(1);
  });

  test('other entries of the folder are not looked at, unnamed events and swapped links are', () => {
    const it = rig();
    it.event('.atp');
    it.event('other.yaml');
    expect(it.waiting).toHaveLength(0);
    it.event('..data');
    expect(it.waiting).toHaveLength(1);
    settle(it);
    it.event(null);
    expect(it.waiting).toHaveLength(1);
  });

  test('a touched file with the same content is no news', () => {
    const it = rig();
    it.set(append('# a comment'));
    it.event('atp.yaml');
    settle(it);
    expect(it.outcomes).toEqual([]);
  });

  test('reload answers and reports at once, whatever it finds', () => {
    const it = rig();
    expect(it.watcher.reload()).toEqual({ kind: 'unchanged' });
    it.set(append('tenant: []'));
    expect(it.watcher.reload().kind).toBe('invalid');
    expect(it.watcher.reload().kind).toBe('invalid');
    expect(it.outcomes.map((outcome) => outcome.kind)).toEqual(['unchanged', 'invalid', 'invalid']);
  });

  test('names the keys that need a restart', () => {
    const it = rig();
    it.set(append('listen: { host: "::1", port: 8000 }', 'data_dir: /data', 'telemetry: { log_level: warn }'));
    expect(it.watcher.reload()).toMatchObject({
      kind: 'changed',
      restart_needed: ['listen.host', 'listen.port', 'data_dir'],
    });
  });

  test('a key that goes back to what the process was started with needs no restart', () => {
    const it = rig();
    it.set(append('listen: { port: 8000 }'));
    expect(it.watcher.reload()).toMatchObject({ restart_needed: ['listen.port'] });
    it.set(append('telemetry: { log_level: warn }'));
    expect(it.watcher.reload()).toMatchObject({ kind: 'changed', restart_needed: [] });
  });

  test('a folder that cannot be watched is told, and reload still works', () => {
    const it = rig();
    it.fail('gone');
    expect(it.errors).toEqual(['gone']);
    expect(it.watcher.reload().kind).toBe('unchanged');
  });

  test('after close nothing is loaded', () => {
    const it = rig();
    it.event('atp.yaml');
    it.watcher.close();
    expect(it.waiting).toHaveLength(0);
    expect(it.isClosed()).toBe(true);
  });
});

describe('with a real folder', () => {
  test('a file that is replaced by renaming is seen', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'atp-watch-'));
    const file = join(folder, 'atp.yaml');
    writeFileSync(file, SMALL.join('\n'));
    const load = () => loadConfig(file, {});
    const seen = Promise.withResolvers<ReloadOutcome>();
    const onOutcome = (outcome: ReloadOutcome): boolean => {
      seen.resolve(outcome);
      return true;
    };
    const watcher = watchConfig({ file, config: requireConfig(load()), load, onOutcome, settle_ms: 1 });
    // A timer of a real watcher does not keep the process alive; the test does.
    const alive = setInterval(() => undefined, 1_000);
    try {
      writeFileSync(join(folder, 'next'), append('node_id: renamed'));
      renameSync(join(folder, 'next'), file);
      expect(await seen.promise).toMatchObject({ kind: 'changed', config: { node_id: 'renamed' } });
      expect(watcher.current().node_id).toBe('renamed');
    } finally {
      clearInterval(alive);
      watcher.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('a folder that is not there is told', () => {
    const errors: string[] = [];
    const file = join(tmpdir(), 'atp-no-such-folder', 'atp.yaml');
    const load = () => loadConfig(file, {}, { read: () => ({ ok: true, text: SMALL.join('\n') }) });
    const watcher = watchConfig({
      file,
      config: requireConfig(load()),
      load,
      onOutcome: () => true,
      onWatchError: (reason) => errors.push(reason),
    });
    watcher.close();
    expect(errors[0]).toMatch(/ENOENT/);
  });
});
