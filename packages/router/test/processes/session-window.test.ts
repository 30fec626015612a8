import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import type { Running } from '../admin/harness.ts';
import { chunk, through, upstream } from '../admin/upstream.ts';
import { clientOf, relay } from '../atp/support/shared-rig.ts';
import { startProcesses } from './support/processes.ts';

/** The machine may be busy. */
const PATIENT = { timeout: 20_000 };

it('a session that is narrowed while it has calls goes on, and so does its worker', { timeout: 60_000 }, async () => {
  const open: ServerResponse[] = [];
  // The first is not answered at all, the second begins to be, the others are.
  const { base_url } = await upstream((_req, res) => {
    open.push(res);
    if (open.length === 1) return;
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write(chunk({ role: 'assistant', content: 'Done' }));
    if (open.length > 2) finish(res);
  });
  const sections = through(base_url) as { providers: object[] };
  const providers = sections.providers.map((one) => ({ ...one, head_timeout_ms: 500, retry: { max_attempts: 1 } }));
  const problems: string[] = [];
  const onProblem = (_: string, { message }: Error): void => void problems.push(message);
  const { workers, owner } = await startProcesses(1, { ...sections, providers }, { onProblem });
  const [worker] = workers as [Running];
  const { client } = clientOf((await relay(worker.url)).url);
  const ask = (): ReturnType<typeof client.task> =>
    client.task({ prompt: 'Hi', model: 'small', max_output_tokens: 50 });
  const first = ask()
    .result()
    .then(
      () => 'done',
      ({ code }: { code: string }) => code,
    );
  await expect.poll(() => open.length, PATIENT).toBe(1);
  const second = ask().result();
  await expect.poll(() => open.length, PATIENT).toBe(2);
  expect(await first).toBe('ETIMEOUT');
  const session = [...worker.router.engine.parts.accounts.ids()].find((id) => id.startsWith('session:')) ?? '';
  const windows = worker.router.engine.parts.accounts.windows(session);
  expect(windows).toMatchObject({ out_calls: 1 });
  expect(windows?.max_parallel).toBeLessThan(Infinity);
  void 0;
  finish(open[1] as ServerResponse);
  expect((await second).text).toBe('Done');
  expect((await ask().result()).text).toBe('Done');
  expect((await worker.chatStream({})).incoming.statusCode).toBe(200);
  expect(owner.router.engine.parts.accounts.windows(session)?.max_parallel ?? Infinity).toBe(Infinity);
  expect(problems).toEqual([]);
});

function finish(res: ServerResponse): void {
  res.write(chunk({}, 'stop'));
  res.end('data: [DONE]\n\n');
}
