import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bareEnv, programPath } from '@atp-router/adapters/testing';
import { expect, onTestFinished, test } from 'vitest';
import { type Order, type Report, reportOf } from '../../src/serve/link.ts';
import { roleEnv } from '../../src/serve/role.ts';
import { tempFolder } from '../support/process.ts';

// The real program as the owner, under this test instead of a supervisor.

const FILE = 'providers: [{ id: up, type: sim }]\nmodels: [{ id: small, provider: up, context: 1000 }]\n';

interface Owner {
  readonly child: ChildProcess;
  readonly reports: Report[];
  /** Resolves with the first report that is one. */
  report(is: (report: Report) => boolean): Promise<Report>;
  readonly ended: Promise<number | null>;
}

function begin(cwd: string): Owner {
  const env = { ...bareEnv(), ...roleEnv({ kind: 'owner', epoch: 1, workers: [] }) };
  const child = fork(programPath(), ['serve', '--port=0', '--workers=2'], {
    cwd,
    env,
    execArgv: ['--conditions=atp-source'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const reports: Report[] = [];
  child.on('message', (message) => {
    const report = reportOf(message);
    if (report !== undefined) reports.push(report);
  });
  const report = (is: (report: Report) => boolean): Promise<Report> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = reports.find(is);
        if (found !== undefined) resolve(found);
      };
      child.on('message', look);
      child.on('exit', (code) => reject(new Error(`ended with ${code}`)));
      look();
    });
  return { child, reports, report, ended };
}

const isReady = ({ type }: Report): boolean => type === 'ready';

function order(child: ChildProcess, what: Order): void {
  child.send(what);
}

test('tells what it made and how long calls may take to finish, reads its file again and stops as it is told', async () => {
  const cwd = tempFolder();
  writeFileSync(join(cwd, 'atp.yaml'), `${FILE}shutdown: { grace_ms: 7000 }\n`);
  const { child, reports, report, ended } = begin(cwd);
  const facts = { config: 'atp.yaml', simulated: 'all', made: { key: { tenant: 'default' }, admin_key: true } };
  expect(await report(isReady)).toMatchObject({ type: 'ready', info: { kind: 'owner', facts } });
  expect(reports[0]).toEqual({ type: 'grace', grace_ms: 7_000 });
  writeFileSync(join(cwd, 'atp.yaml'), `${FILE}shutdown: { grace_ms: 8000 }\n`);
  order(child, { type: 'reload' });
  await report((one) => one.type === 'grace' && one.grace_ms === 8_000);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) child.kill(signal);
  order(child, { type: 'stop', reason: 'SIGTERM' });
  expect(await ended).toBe(0);
});

test('ends in order when its supervisor is gone', async () => {
  const { child, report, ended } = begin(tempFolder());
  await report(isReady);
  child.disconnect();
  expect(await ended).toBe(0);
});
