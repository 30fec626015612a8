import { describe, expect, test } from 'vitest';
import { OWNER, Stepped, WORKER } from './steps.ts';

describe('the start', () => {
  test('the owner first, then the workers, and one welcome when all are ready', () => {
    const at = new Stepped();
    expect(at.did()).toEqual(['spawn owner@1 beside []']);
    at.ready('owner');
    expect(at.did()).toEqual(['spawn worker:1@2 beside []', 'spawn worker:2@3 beside [1@2]']);
    at.ready('worker:2');
    expect(at.did()).toEqual([]);
    at.ready('worker:1');
    expect(at.effects).toContainEqual({ kind: 'welcome', owner: OWNER, worker: WORKER });
    at.exit('worker:1');
    at.ready('worker:1');
    expect(at.did()).not.toContain('welcome');
  });

  test('goes on from the numbers of an earlier supervisor, and tells of what it left', () => {
    const at = new Stepped({ last: 40, earlier: [1, 3].map((n) => ({ n, incarnation: 30 + n })) });
    expect(at.did()).toEqual(['spawn owner@41 beside [1@31,3@33]']);
    at.ready('owner');
    expect(at.did()).toEqual(['spawn worker:1@42 beside [3@33]', 'spawn worker:2@43 beside [1@42,3@33]']);
    at.ready('worker:1');
    at.ready('worker:2');
    at.exit('owner');
    expect(at.did()).toEqual(['spawn owner@44 beside [1@42,2@43,3@33]']);
    at.ready('owner');
    at.fire({ kind: 'steady', child: 'owner', incarnation: 44 });
    at.exit('owner');
    expect(at.did()).toEqual(['spawn owner@45 beside [1@42,2@43]']);
  });

  test.each([
    [78, 78],
    [70, 70],
    [0, 70],
    [99, 70],
    [undefined, 70],
  ] as const)('a process that ends with %s before all were ready ends the start with %s', (code, exit) => {
    const at = new Stepped();
    at.ready('owner');
    at.ready('worker:1');
    at.exit('worker:2', code);
    expect(at.did()).toEqual(['stop in 45000', 'stop worker:1']);
    at.exit('worker:1', 0);
    expect(at.did()).toEqual(['stop in 15000', 'stop owner']);
    at.exit('owner', 0);
    expect(at.did()).toEqual([`exit ${exit}`]);
  });

  test('an owner that cannot start ends it at once', () => {
    const at = new Stepped();
    at.exit('owner', 78);
    expect(at.did().at(-1)).toBe('exit 78');
  });
});

describe('a process that dies', () => {
  test('is started again at once, then later and later, up to 5 s', () => {
    const at = new Stepped().run();
    at.exit('worker:1', 70);
    expect(at.did()).toEqual(['spawn worker:1@4 beside [2@3]']);
    const delays = [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000];
    for (const delay of delays) {
      const incarnation = at.incarnation('worker:1');
      at.exit('worker:1');
      expect(at.did()).toEqual([`restart in ${delay}`]);
      at.fire({ kind: 'restart', child: 'worker:1', incarnation });
      expect(at.did()).toEqual([`spawn worker:1@${incarnation + 1} beside [2@3]`]);
    }
  });

  test('is started at once again after it was ready for long', () => {
    const at = new Stepped().run();
    at.exit('owner');
    at.ready('owner');
    at.exit('owner');
    expect(at.did()).toEqual(['restart in 100']);
    at.fire({ kind: 'restart', child: 'owner', incarnation: 4 });
    at.ready('owner');
    // That of a process which is dead by now.
    at.fire({ kind: 'steady', child: 'owner', incarnation: 4 });
    at.fire({ kind: 'steady', child: 'owner', incarnation: 5 });
    at.exit('owner');
    expect(at.did()).toEqual(['spawn owner@6 beside [1@2,2@3]']);
  });

  test('is not started twice, whatever comes late', () => {
    const at = new Stepped().run();
    at.exit('worker:1');
    at.exit('worker:1');
    at.fire({ kind: 'restart', child: 'worker:1', incarnation: 4 });
    for (const incarnation of [2, 4]) {
      at.take({ kind: 'exited', child: 'worker:1', incarnation, code: 0, reason: undefined });
      expect(at.effects).toEqual([]);
      at.fire({ kind: 'restart', child: 'worker:1', incarnation });
      expect(at.effects).toEqual([]);
      at.take({ kind: 'ready', child: 'worker:1', incarnation, info: WORKER });
      expect(at.effects).toEqual([]);
    }
  });
});

describe('the end', () => {
  test('the workers are asked first, the owner when they have ended', () => {
    const at = new Stepped().run();
    at.take({ kind: 'grace', grace_ms: 1_000 });
    at.take({ kind: 'stop', signal: 'SIGTERM' });
    expect(at.did()).toEqual(['stop in 16000', 'stop worker:1', 'stop worker:2']);
    at.exit('worker:2', 0);
    expect(at.did()).toEqual([]);
    at.exit('worker:1', 0);
    expect(at.did()).toEqual(['stop in 15000', 'stop owner']);
    at.exit('owner', 0);
    expect(at.effects.at(-1)).toEqual({ kind: 'exit', code: 0, workers: [] });
  });

  test('who does not stop is killed, and the exit code says so', () => {
    const at = new Stepped().run();
    at.take({ kind: 'stop', signal: 'SIGTERM' });
    at.exit('worker:1', 0);
    at.fire({ kind: 'stop', step: 'workers' });
    expect(at.did()).toEqual(['kill worker:2', 'stop in 5000']);
    at.exit('worker:2');
    expect(at.did()).toEqual(['stop in 15000', 'stop owner']);
    at.fire({ kind: 'stop', step: 'workers' });
    expect(at.did()).toEqual([]);
    at.fire({ kind: 'stop', step: 'owner' });
    expect(at.did()).toEqual(['kill owner', 'stop in 5000']);
    at.exit('owner');
    expect(at.did()).toEqual(['exit 70']);
  });

  test('who cannot even be killed is left, and named for the next supervisor', () => {
    const at = new Stepped().run();
    at.take({ kind: 'stop', signal: 'SIGTERM' });
    for (const step of ['workers', 'workers killed', 'owner', 'owner killed'] as const) at.fire({ kind: 'stop', step });
    const workers = [1, 2].map((n) => ({ n, incarnation: n + 1 }));
    expect(at.effects.at(-1)).toEqual({ kind: 'exit', code: 70, workers });
  });

  test('a dead process is not started any more, and a dead owner not waited for', () => {
    const at = new Stepped().run();
    at.exit('owner');
    at.exit('owner');
    at.take({ kind: 'stop', signal: 'SIGINT' });
    at.fire({ kind: 'restart', child: 'owner', incarnation: 4 });
    expect(at.did()).toEqual([]);
    at.exit('worker:1', 0);
    at.exit('worker:2', 0);
    expect(at.did().at(-1)).toBe('exit 0');
  });

  test('during the start it ends what is there', () => {
    const at = new Stepped();
    at.take({ kind: 'stop', signal: 'SIGINT' });
    expect(at.did().at(-1)).toBe('stop owner');
    at.ready('owner');
    expect(at.did()).toEqual([]);
    at.exit('owner', 0);
    expect(at.did()).toEqual(['exit 0']);
  });

  test('a second signal kills all', () => {
    const at = new Stepped().run();
    at.take({ kind: 'stop', signal: 'SIGINT' });
    at.take({ kind: 'stop now' });
    expect(at.did()).toEqual(['kill owner', 'kill worker:1', 'kill worker:2', 'stop in 5000']);
    for (const child of ['worker:1', 'owner', 'worker:2'] as const) at.exit(child);
    expect(at.did()).toEqual(['exit 130']);
  });
});

test('SIGHUP goes to the owner alone, while it is there', () => {
  const at = new Stepped().run();
  at.take({ kind: 'hangup' });
  expect(at.did()).toEqual(['reload owner']);
  at.exit('owner');
  at.exit('owner');
  at.take({ kind: 'hangup' });
  expect(at.effects).toMatchObject([{ kind: 'log', message: expect.stringContaining('started again') }]);
});
