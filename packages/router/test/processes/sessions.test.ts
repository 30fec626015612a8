import type { ServerResponse } from 'node:http';
import { http } from '@atp-router/sdk/http';
import { describe, expect, it } from 'vitest';
import type { Running } from '../admin/harness.ts';
import { chunk, through, upstream } from '../admin/upstream.ts';
import { agentAt, agentsOf, ECHO, SIM, tenantOf } from '../agents/rig.ts';
import { TENANT_KEY } from '../admin/harness.ts';
import { clientOf, prompts, relay } from '../atp/support/shared-rig.ts';
import { contentOf, untilKnown } from './support/agent-processes.ts';
import { startProcesses } from './support/processes.ts';

/** The machine may be busy. */
const PATIENT = { timeout: 20_000 };

const ask = (n: number) => ({ prompt: `prompt ${n}`, model: 'small', stream: false });

async function metric({ router }: Running, name: string): Promise<number> {
  const line = (await router.metrics.render()).split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.split(' ').at(-1));
}

const CARRIED = 'atp_session_connections_carried';
const sought = (outcome: string): string => `atp_session_connections_sought_total{outcome="${outcome}"}`;

/** Two workers, and a client that is at the first one. */
async function pair(sections: Readonly<Record<string, unknown>>, transport?: typeof http) {
  const several = await startProcesses(2, sections);
  const [one, two] = several.workers as [Running, Running];
  const way = await relay(one.url);
  const { client, links } = clientOf(way.url, transport && { transport });
  const resumed = (): boolean[] => links.flatMap((event) => (event.type === 'connected' ? [event.resumed] : []));
  return { several, one, two, way, client, links, resumed };
}

/** How a worker refuses the first frame of a connection. */
function refusedBy(url: string, frame: object): Promise<{ readonly code: number; readonly said: unknown }> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, ['atp.v1']);
  let said: unknown;
  socket.addEventListener('open', () => socket.send(JSON.stringify(frame)));
  socket.addEventListener('message', ({ data }) => {
    said = JSON.parse(String(data));
  });
  return new Promise((resolve) => {
    socket.addEventListener('close', ({ code }) => resolve({ code, said }));
  });
}

describe('a client that comes to another worker', { timeout: 60_000 }, () => {
  it('has its session there: a task that runs goes on, and is answered once', async () => {
    const up = await prompts();
    const { one, two, way, client, resumed } = await pair(through(up.base_url));
    const running = client.task(ask(1)).result();
    await expect.poll(() => up.seen, PATIENT).toEqual(['prompt 1']);
    way.leadTo(two.url);
    way.cut();
    await expect.poll(resumed, PATIENT).toEqual([false, true]);
    up.release();
    expect((await running).text).toBe('Done.');
    expect((await client.task(ask(2)).result()).text).toBe('Done.');
    expect(up.seen).toEqual(['prompt 1', 'prompt 2']);
    expect([await metric(two, CARRIED), await metric(two, sought('carried'))]).toEqual([1, 1]);
    expect(await metric(one, 'atp_sessions{state="connected"}')).toBe(1);
    expect(await metric(two, 'atp_sessions{state="connected"}')).toBe(0);
    // Back again: the connection there is no longer the session's.
    way.leadTo(one.url);
    way.cut();
    await expect.poll(resumed, PATIENT).toEqual([false, true, true]);
    expect((await client.task(ask(3)).result()).text).toBe('Done.');
    await expect.poll(() => metric(two, CARRIED), PATIENT).toBe(0);
  });

  it('gets the whole of a long answer, over whichever connections it comes', async () => {
    const words = Array.from({ length: 2_000 }, (_, n) => `word ${n} ${'.'.repeat(500)}\n`);
    let more: () => void = () => undefined;
    const waits = new Promise<void>((resolve) => {
      more = resolve;
    });
    const tell = async (res: ServerResponse): Promise<void> => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(chunk({ role: 'assistant', content: words[0] }));
      await waits;
      for (const word of words.slice(1))
        if (!res.write(chunk({ content: word }))) await new Promise((go) => res.once('drain', go));
      res.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
    };
    const up = await upstream((_req, res) => void tell(res));
    const { two, way, client, resumed } = await pair(through(up.base_url));
    let text = '';
    let cuts = 0;
    for await (const event of client.task({ prompt: 'Tell me.', model: 'small' })) {
      if (event.type === 'partial' && event.kind === 'text') text += event.delta;
      if (cuts < 4 && text.length > cuts * 200_000) {
        cuts += 1;
        way.leadTo(two.url);
        way.cut();
        more();
      }
    }
    expect(text).toBe(words.join(''));
    expect(resumed().filter((is_resumed) => !is_resumed)).toEqual([false]);
    expect(await metric(two, sought('carried'))).toBeGreaterThan(0);
    expect(up.seen).toHaveLength(1);
  });

  it('is refused with a token that is none, and for a session that nobody has, in the same words', async () => {
    const up = await prompts();
    up.release();
    const { one, two, client } = await pair(through(up.base_url));
    await client.task(ask(1)).result();
    const [session] = (await two.admin('GET', '/sessions')).json['data'] as { session_id: string }[];
    const frame = (session_id: string | undefined): object => ({
      ...{ v: 1, session_id, stream_id: '0', msg_seq: 0, flags: ['SYN', 'CTRL'] },
      payload: { type: 'control.resume', content: { token: 'x'.repeat(43), acknowledgements: [] } },
    });
    const [here, there, none] = [
      await refusedBy(one.url, frame(session?.session_id)),
      await refusedBy(two.url, frame(session?.session_id)),
      await refusedBy(two.url, frame('0123456789abcdef')),
    ];
    expect(here.code).toBe(1008);
    expect(there).toEqual(here);
    expect({ ...(none.said as object), session_id: session?.session_id }).toEqual(here.said);
    expect(await metric(two, sought('none'))).toBe(2);
    expect((await client.task(ask(2)).result()).text).toBe('Done.');
  });

  it('is not refused while the worker with the session is started again, and finds it then', async () => {
    const up = await prompts();
    up.release();
    const { several, one, two, way, client, resumed } = await pair(through(up.base_url));
    await client.task(ask(1)).result();
    way.leadTo(two.url);
    await one.stop();
    await expect.poll(() => metric(two, sought('unknown')), PATIENT).toBeGreaterThan(0);
    expect(resumed()).toEqual([false]);
    await several.startWorker(1);
    expect((await client.task(ask(2)).result()).text).toBe('Done.');
    expect(resumed()).toEqual([false, true]);
    expect(await metric(two, CARRIED)).toBe(1);
    expect(await metric(two, sought('none'))).toBe(0);
  });

  it('finds it over plain HTTP as well', async () => {
    const up = await prompts();
    up.release();
    const { several, one, two, way, client, resumed } = await pair(through(up.base_url), http);
    await client.task(ask(1)).result();
    way.leadTo(two.url);
    await one.stop();
    await several.startWorker(1);
    expect((await client.task(ask(2)).result()).text).toBe('Done.');
    // A worker that stops carries until it has stopped: a request of that time resumes there, and once more after it.
    expect(resumed().slice(0, 2)).toEqual([false, true]);
    expect(resumed().filter((is_resumed) => !is_resumed)).toEqual([false]);
    expect(await metric(two, CARRIED)).toBe(1);
  });

  it('resumes again when the worker that carried its connection stops', async () => {
    const up = await prompts();
    const { one, two, way, client, resumed } = await pair(through(up.base_url));
    const running = client.task(ask(1)).result();
    await expect.poll(() => up.seen, PATIENT).toEqual(['prompt 1']);
    way.leadTo(two.url);
    way.cut();
    await expect.poll(resumed, PATIENT).toEqual([false, true]);
    way.leadTo(one.url);
    await two.stop();
    await expect.poll(resumed, PATIENT).toEqual([false, true, true]);
    up.release();
    expect((await running).text).toBe('Done.');
    expect(up.seen).toEqual(['prompt 1']);
  });

  it('may be an agent, which goes on serving the calls of all', async () => {
    const sections = { providers: [SIM, agentsOf()], tenants: [tenantOf('acme', TENANT_KEY)] };
    const { workers } = await startProcesses(2, sections);
    const [one, two] = workers as [Running, Running];
    const way = await relay(one.url);
    await agentAt({ ...one, url: way.url }, { run: ECHO, reconnect: { base_ms: 5, cap_ms: 50 } }).start();
    await untilKnown(two, 'agents/echo');
    way.leadTo(two.url);
    way.cut();
    await expect.poll(() => metric(two, CARRIED), PATIENT).toBe(1);
    for (const worker of [one, two])
      expect(contentOf(await worker.chat({ model: 'agents/echo' }))).toBe('You said: hello');
  });
});
