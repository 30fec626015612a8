import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { open } from '../support/http.ts';
import type { Plays } from '../support/player.ts';
import { start, type Started, startRouter, tempFolder } from '../support/process.ts';

// The real supervisor, as a process, with real children that only play their roles: support/player.ts.

const PLAYER = ['--import', pathToFileURL(join(import.meta.dirname, '../support/player.ts')).href];

function begin(cwd: string, plays: Plays = {}, args: readonly string[] = []): Started {
  return start(['serve', '--port', '0', '--workers', '2', ...args], cwd, { PLAY: JSON.stringify(plays) }, PLAYER);
}

async function running(cwd: string, plays: Plays = {}): Promise<Started & { readonly url: string }> {
  return startRouter(cwd, ['--workers', '2'], { PLAY: JSON.stringify(plays) }, PLAYER);
}

interface Beginning {
  readonly pid: number;
  readonly role: Readonly<Record<string, unknown>>;
}

/** The processes of a name that began so far. */
function beginnings({ out }: Started, name: string): Beginning[] {
  return [...out().matchAll(new RegExp(`^${name} began (\\d+) (.*)$`, 'gm'))].map(([, pid, role]) => ({
    pid: Number(pid),
    role: JSON.parse(role ?? '') as Beginning['role'],
  }));
}

function pidOf(started: Started, name: string): number {
  const pid = beginnings(started, name).at(-1)?.pid;
  if (pid === undefined) throw new Error(`${name} has not begun`);
  return pid;
}

function recorded(cwd: string): unknown {
  return JSON.parse(readFileSync(join(cwd, '.atp', 'run', 'incarnations.json'), 'utf8'));
}

/** Who said that it stopped, in this order. */
function stopped({ out }: Started): string[] {
  return [...out().matchAll(/^(\S+) stopped: /gm)].map(([, name]) => name ?? '');
}

describe('a supervisor', () => {
  test('starts the owner and its workers, welcomes once, and stops them in order', async () => {
    const cwd = tempFolder();
    const router = await running(cwd);
    expect(beginnings(router, 'owner').map(({ role }) => role)).toEqual([{ kind: 'owner', epoch: 1, workers: [] }]);
    expect(beginnings(router, 'worker:1').map(({ role }) => role)).toEqual([{ kind: 'worker', n: 1, incarnation: 2 }]);
    expect(beginnings(router, 'worker:2').map(({ role }) => role)).toEqual([{ kind: 'worker', n: 2, incarnation: 3 }]);
    expect(router.out()).toContain(`ATP Router 1.2.3 is listening on ${router.url}\n`);
    expect(router.out().match(/atp_played$/gm)).toHaveLength(1);
    expect(router.err()).toContain(`"child":"worker:2","pid":${pidOf(router, 'worker:2')},"incarnation":3`);
    expect((await open(router.url).whole).body).toMatch(/^worker:[12]$/);
    expect(recorded(cwd)).toEqual({ last: 3, workers: [1, 2].map((n) => ({ n, incarnation: n + 1 })) });

    router.child.kill('SIGTERM');
    expect(await router.ended()).toBe(0);
    expect(stopped(router).toSorted()).toEqual(['owner', 'worker:1', 'worker:2']);
    expect(stopped(router).at(-1)).toBe('owner');
    expect(recorded(cwd)).toEqual({ last: 3, workers: [] });
  });

  test('starts again who dies, on the same port', async () => {
    const router = await running(tempFolder());
    for (const [name, incarnation] of [
      ['worker:1', 4],
      ['owner', 5],
      ['worker:2', 6],
    ] as const) {
      process.kill(pidOf(router, name), 'SIGKILL');
      await router.says(new RegExp(`^${name} began .*"(?:epoch|incarnation)":${incarnation}\\b`, 'm'));
      await router.says(new RegExp(`"child":"${name}","incarnation":${incarnation},"msg":"process is ready again"`));
    }
    expect(beginnings(router, 'worker:1').at(-1)?.role).toEqual({ kind: 'worker', n: 1, incarnation: 4 });
    const workers = [
      { n: 1, incarnation: 4 },
      { n: 2, incarnation: 3 },
    ];
    expect(beginnings(router, 'owner').at(-1)?.role).toEqual({ kind: 'owner', epoch: 5, workers });
    expect((await open(router.url).whole).body).toMatch(/^worker:[12]$/);
    expect(router.out().match(/is listening on/g)).toHaveLength(1);
  });

  test('passes SIGHUP on to the owner alone', async () => {
    const router = await running(tempFolder());
    router.child.kill('SIGHUP');
    await router.says(/^owner reads the file again$/m);
    router.child.kill('SIGTERM');
    expect(await router.ended()).toBe(0);
    expect(router.out()).not.toMatch(/^worker:\d reads/m);
  });

  test('is who signals are for, also when all get them', async () => {
    const router = await running(tempFolder());
    for (const name of ['owner', 'worker:1', 'worker:2']) {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pidOf(router, name), signal);
    }
    router.child.kill('SIGINT');
    expect(await router.ended()).toBe(0);
    expect(stopped(router).at(-1)).toBe('owner');
    expect(router.err()).not.toContain('started again');
  });

  test('kills all at a second signal', async () => {
    const router = await running(tempFolder(), { 'worker:2': 'deaf' });
    router.child.kill('SIGTERM');
    await router.says(/worker:2 does not hear SIGTERM/);
    await router.says(/"child":"worker:1".*"msg":"process ended"/);
    router.child.kill('SIGTERM');
    expect(await router.ended()).toBe(130);
    expect(stopped(router)).toEqual(['worker:1']);
  });

  test('that is killed leaves children that end by themselves, and a record for the next one', async () => {
    const cwd = tempFolder();
    const first = await running(cwd);
    first.child.kill('SIGKILL');
    // The output is at its end when the last of them has ended.
    await first.ended();
    expect(stopped(first).toSorted()).toEqual(['owner', 'worker:1', 'worker:2']);
    expect(first.out()).toContain('owner stopped: supervisor gone');
    const second = await running(cwd);
    const workers = [1, 2].map((n) => ({ n, incarnation: n + 1 }));
    expect(beginnings(second, 'owner')[0]?.role).toEqual({ kind: 'owner', epoch: 4, workers });
    expect(recorded(cwd)).toEqual({ last: 6, workers: [1, 2].map((n) => ({ n, incarnation: n + 4 })) });
  });
});

describe('a start that fails', () => {
  test.each(['owner', 'worker:1', 'worker:2'])('because of %s ends all, with its words and exit code', async (name) => {
    const router = begin(tempFolder(), { [name]: 'refuse' });
    expect(await router.ended()).toBe(78);
    expect(router.err()).toContain(`atp: ${name} does not want to.\n`);
    expect(router.out()).not.toContain('is listening on');
    expect(beginnings(router, 'owner')).toHaveLength(name === 'owner' ? 0 : 1);
  });

  test('because of the real owner does so too', async () => {
    const cwd = tempFolder();
    mkdirSync(join(cwd, '.atp', 'atp.sqlite'), { recursive: true });
    const router = start(['serve', '--port', '0', '--workers', '2'], cwd);
    expect(await router.ended()).toBe(78);
    expect(router.err().match(/^atp: .*$/gm)).toEqual([
      expect.stringMatching(/^atp: The database of the tables .* cannot be used: unable to open database file\./),
    ]);
  });

  test('because another supervisor has the data directory', async () => {
    const cwd = tempFolder();
    const first = await running(cwd);
    const second = begin(cwd);
    expect(await second.ended()).toBe(78);
    expect(second.err()).toMatch(new RegExp(`^atp: The data_dir .* is in use by process ${first.child.pid}\\.`, 'm'));
    expect(second.out()).toBe('');
  });

  test('because another one has the port, though that could be shared', async () => {
    const first = await running(tempFolder());
    const second = begin(tempFolder(), {}, ['--port', new URL(first.url).port]);
    expect(await second.ended()).toBe(78);
    expect(second.err()).toMatch(/^atp: Cannot listen on .*: the address is in use\..* For example: atp serve --port/m);
    expect(second.out()).toBe('');
  });

  test('because nobody knows which numbers were given', async () => {
    const cwd = tempFolder();
    mkdirSync(join(cwd, '.atp', 'run'), { recursive: true });
    for (const text of [
      '',
      '{"last":1}',
      '{"last":1,"workers":[{"n":1,"incarnation":2}]}',
      '{"last":-1,"workers":[]}',
    ]) {
      writeFileSync(join(cwd, '.atp', 'run', 'incarnations.json'), text);
      const router = begin(cwd);
      expect(await router.ended()).toBe(78);
      expect(router.err()).toMatch(/^atp: .*incarnations\.json is damaged/m);
      expect(router.out()).toBe('');
    }
  });

  test('because somebody set the variables by hand', async () => {
    const router = start(['serve'], tempFolder(), { ATP_PROCESS: 'owner' });
    expect(await router.ended()).toBe(78);
    expect(router.err()).toMatch(/^atp: The variable ATP_PROCESS is set: it is only set by atp serve --workers/);
  });
});
