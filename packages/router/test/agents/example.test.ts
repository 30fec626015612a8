import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { TENANT_KEY } from '../admin/harness.ts';
import { withAgents } from './rig.ts';

const root = join(import.meta.dirname, '../../../..');
const example = join(root, 'examples/agent.ts');

test('the agent in 20 lines of the README runs, and answers calls', async () => {
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(readFileSync(example, 'utf8'));
  const running = await withAgents();
  const child = fork(example, [], {
    execArgv: ['--conditions=atp-source', '--no-warnings'],
    env: { ...process.env, ATP_URL: running.url, ATP_API_KEY: TENANT_KEY },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  expect(line.toString()).toBe('Ask for model agents/echo.\n');
  const reply = await running.chat({ model: 'agents/echo' });
  expect(reply.json).toMatchObject({ choices: [{ message: { content: 'You said: hello ' } }] });
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
});
