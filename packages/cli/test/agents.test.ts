import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Workplace } from './support/workplace.ts';

// The commands for agents that dial in, against a real router and the agent of the README in a process of its own.

const at = new Workplace(`listen: { port: 0 }
providers: [{ id: agents, type: agent, allow_any_model: true }]
tenants: [{ id: acme }]
`);
const example = join(import.meta.dirname, '../../../examples/agent.ts');

beforeAll(async () => {
  await at.start();
  at.key = String((await at.data('keys', 'create', '--tenant', 'acme', '--id', 'ci'))['key']);
});
afterAll(() => at.close());

test('nobody is there at first, and a name that nobody has is not found', async () => {
  expect(await at.fine('agents', 'list')).toBe('none\n');
  expect(await at.fine('agents', 'check')).toBe('no agent is connected\n');
  const { code, err } = await at.run(['agents', 'check', 'nobody']);
  expect(code).toBe(1);
  expect(err).toContain('nobody');
});

test('an agent is listed, asked and checked', async () => {
  const child = fork(example, [], {
    execArgv: ['--conditions=atp-source', '--no-warnings'],
    env: { ...process.env, ATP_URL: at.url, ATP_API_KEY: at.key },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  expect(await at.fine('ask', 'hello', '--model', 'agents/echo')).toContain('You said: hello');
  expect(await at.fine('agents', 'list')).toMatch(
    /^AGENT +TENANT +ID +STATE .*\necho +acme +agent_\d+ +ready +READY +0/,
  );
  const text = await at.fine('agents', 'check', 'echo', '--tenant', 'acme');
  expect(text).toMatch(/^echo of acme \(agent_\d+\): keeps to the protocol\n/);
  expect(text).toMatch(/\n {2}A6 +passed +It says in time what a task will need\. \(\d+ \+ 100 tokens/);
  expect(text).toMatch(/\n {2}A10 +skipped +It reports usage, as it promised\.\n/);
  expect(await at.data('agents', 'check')).toMatchObject({
    ok: true,
    total: 1,
    data: [{ adapter_id: 'echo', ok: true }],
  });
  expect((await at.run(['agents', 'check', '--tenant', 'other', '--json'])).code).toBe(0);
});
