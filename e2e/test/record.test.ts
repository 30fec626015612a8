import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { programPath } from '@atp-router/adapters/testing';
import { AtpClient } from '@atp-router/sdk';
import { type TraceRecord, readTrace } from '@atp-router/wire/tools';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Child } from '../src/child.ts';
import { secretOf, standardConfig } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { textAnswer } from '../src/upstream/script.ts';

const CLI = pathToFileURL(programPath());
const TETHER = fileURLToPath(new URL('../src/tether.ts', import.meta.url));
const KEY = secretOf('acme');

let rig: Rig;
beforeAll(async () => {
  rig = await startRig((upstream) => standardConfig(upstream));
});
afterAll(() => rig.close());

/** Records while `use` talks to the router through it, and gives the trace. */
async function recorded(
  name: string,
  use: (url: string) => Promise<void>,
  more: readonly string[] = [],
): Promise<string> {
  const file = join(rig.dir, `${name}.jsonl`);
  const args = ['wire', 'record', '--to', `ws://127.0.0.1:${rig.router.port}/ws`, '--out', file, '--json', ...more];
  const child = new Child({ entry: CLI, args, node_args: ['--import', TETHER] });
  const [, port] = await child.line(/"url":"ws:\/\/127\.0\.0\.1:(\d+)/);
  await use(`http://127.0.0.1:${port}`);
  child.signal('SIGTERM');
  expect(await child.exited).toEqual({ code: 0, signal: null });
  return file;
}

const ofType = (records: readonly TraceRecord[], type: string): readonly TraceRecord[] =>
  records.filter((one) => 'frame' in one && one.frame.payload?.type === type);

describe('atp wire record', () => {
  test('records a task of the SDK, which replays without an error', async () => {
    const { mark } = await rig.upstream.script({ answer: textAnswer('Blue', ' sky.') });
    const file = await recorded('task', async (url) => {
      const client = new AtpClient({ url, key: KEY });
      expect(await client.task({ prompt: mark, model: 'm-chat' }).result()).toMatchObject({ finish: 'stop' });
      await client.close();
    });
    const text = readFileSync(file, 'utf8');
    const { records } = readTrace(text);
    expect(ofType(records, 'agent.dispatch')[0]?.entry).toMatchObject({ dir: 'out', conn: 'c1', encoding: 'cbor' });
    expect(ofType(records, 'agent.result.final')[0]?.entry).toMatchObject({ dir: 'in' });
    expect(text).toContain('"resume_token":"[redacted]"');
    expect(text).not.toContain(KEY);
    const args = ['--conditions=atp-source', fileURLToPath(CLI), 'wire', 'replay', file];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, expect.stringContaining('frames')]);
  });

  test('shows no key in what is no frame, and goes on when its trace is full', async () => {
    const file = await recorded(
      'limited',
      async (url) => {
        const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, ['atp.v1', `atp.key.${KEY}`]);
        await new Promise((resolve) => (socket.onopen = resolve));
        const closed = new Promise((resolve) => (socket.onclose = resolve));
        socket.send(`no frame, with ${KEY} in it`);
        await closed;
      },
      ['--max-bytes', '220'],
    );
    const { records } = readTrace(readFileSync(file, 'utf8'));
    expect(records.length).toBe(1);
    const [first] = records;
    expect(Buffer.from(first?.entry.hex ?? '', 'hex').toString()).toBe('[redacted]');
    expect(first?.entry.fault).toBe('syntax');
  });
});
