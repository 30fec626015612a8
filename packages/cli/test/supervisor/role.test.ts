import { EventEmitter } from 'node:events';
import type { ProcessRole } from '@atp-router/router';
import { describe, expect, test } from 'vitest';
import { type Channel, openLink, type Report, reportOf } from '../../src/serve/link.ts';
import { readRole, roleEnv } from '../../src/serve/role.ts';
import { OWNER, WORKER } from './steps.ts';

describe('the role of a process', () => {
  test('without the variable there is no other process', () => {
    expect(readRole({ ATP_INCARNATION: '7' }, false)).toEqual({ kind: 'single' });
    // Whoever forks a router has its reasons.
    expect(readRole({}, true)).toEqual({ kind: 'single' });
  });

  test.each<Exclude<ProcessRole, { kind: 'single' }>>([
    { kind: 'owner', epoch: 1, workers: [] },
    {
      kind: 'owner',
      epoch: 900,
      workers: Array.from({ length: 64 }, (_, i) => ({ n: i + 1, incarnation: 2 ** 49 + i })),
    },
    { kind: 'worker', n: 64, incarnation: 12 },
  ])('is read as the supervisor wrote it: $kind', (role) => {
    expect(readRole(roleEnv(role), true)).toEqual(role);
  });

  test('is refused without a channel', () => {
    const env = roleEnv({ kind: 'worker', n: 1, incarnation: 1 });
    expect(() => readRole(env, false)).toThrow(/only set by atp serve --workers.*start that, or unset it/);
  });

  const owner = { ATP_PROCESS: 'owner', ATP_INCARNATION: '1', ATP_PEERS: '[]' };
  test.each<[Record<string, string>, RegExp]>([
    [{ ...owner, ATP_PROCESS: '' }, /neither owner nor worker/],
    [{ ...owner, ATP_PROCESS: 'boss' }, /"boss" is neither owner nor worker/],
    [{ ...owner, ATP_PROCESS: 'worker' }, /neither owner nor worker/],
    ...['0', '65', '1.5', '01', '-1', '1e1', '', ' 1'].map(
      (n) =>
        [{ ...owner, ATP_PROCESS: `worker:${n}` }, /ATP_PROCESS has no whole number from 1 to 64/] as [
          Record<string, string>,
          RegExp,
        ],
    ),
    [{ ...owner, ATP_INCARNATION: '' }, /ATP_INCARNATION has no whole number/],
    [{ ...owner, ATP_INCARNATION: '9'.repeat(16) }, /ATP_INCARNATION has no whole number/],
    ...['', 'null', '{}', '[1]', '[null]', '[{"n":1}]', '[{"n":0,"incarnation":1}]', '[{"n":1,"incarnation":1.5}]'].map(
      (peers) =>
        [{ ...owner, ATP_PEERS: peers }, /ATP_PEERS is no list of workers/] as [Record<string, string>, RegExp],
    ),
    [{ ...owner, ATP_PEERS: '[{"n":1,"incarnation":1},{"n":1,"incarnation":2}]' }, /ATP_PEERS/],
    [{ ...owner, ATP_PEERS: ' '.repeat(10_000) }, /ATP_PEERS/],
  ])('%o is refused', (env, says) => {
    expect(() => readRole(env, true)).toThrow(says);
  });
});

class FakeChannel extends EventEmitter implements Channel {
  connected = true;
  readonly sent: Report[] = [];

  send(message: Report): boolean {
    this.sent.push(message);
    return true;
  }
}

describe('the link to the supervisor', () => {
  test('whoever asks late is told at once, and once', () => {
    const channel = new FakeChannel();
    const link = openLink(channel);
    channel.emit('message', { type: 'stop', reason: 'SIGTERM' });
    channel.emit('message', { type: 'reload' });
    const told: string[] = [];
    link.onStop((reason) => told.push(reason));
    link.onReload(() => told.push('reload'));
    channel.emit('message', { type: 'reload' });
    expect(told).toEqual(['SIGTERM', 'reload', 'reload']);
  });

  test('a supervisor that is gone is noticed, also before anybody looked', () => {
    const channel = new FakeChannel();
    const told: string[] = [];
    openLink(channel).onDisconnect(() => told.push('later'));
    channel.emit('disconnect');
    channel.connected = false;
    const link = openLink(channel);
    link.onDisconnect(() => told.push('before'));
    link.ready(WORKER);
    expect(told).toEqual(['later', 'before']);
    expect(channel.sent).toEqual([]);
  });

  test('what is no order is left alone', () => {
    const channel = new FakeChannel();
    const told: unknown[] = [];
    openLink(channel).onStop((reason) => told.push(reason));
    for (const message of [null, undefined, 'stop', 7, {}, { type: 'stop' }, { type: 'go' }])
      channel.emit('message', message);
    expect(told).toEqual([]);
  });

  test('what a child reports is taken for that only when it is', () => {
    const channel = new FakeChannel();
    const link = openLink(channel);
    link.grace(0);
    link.ready(OWNER);
    expect(channel.sent.map(reportOf)).toEqual(channel.sent);
    const none = [null, 1, {}, { type: 'ready' }, { type: 'ready', info: {} }, { type: 'grace', grace_ms: -1 }];
    expect(none.map(reportOf)).toEqual(none.map(() => undefined));
  });
});
