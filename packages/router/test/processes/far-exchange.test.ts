import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  listenForPipes,
  openPipe,
  type Pipe,
  type PipeServer,
  systemClock,
  systemTimers,
  type TransportFailure,
  type UpstreamCaller,
  type UpstreamRequest,
} from '@atp-router/adapters';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Carrier } from '../../src/processes/agents/carrier.ts';
import { errandOf } from '../../src/processes/agents/errand.ts';
import { FarExchange } from '../../src/processes/agents/far-exchange.ts';
import { Desk } from '../agents/desk.ts';
import { ESTIMATE, final, piece } from '../agents/raw.ts';
import { settled, until } from '../shared/support/time.ts';

/** Agents whose time and words are the test's, behind a real socket between two processes that are one. */
class Way {
  readonly desk: Desk = new Desk();
  readonly carrier: Carrier = new Carrier(this.desk.hub);
  readonly problems: string[] = [];
  readonly path: string;
  server: PipeServer | undefined;

  constructor() {
    const dir = mkdtempSync(join(tmpdir(), 'atp-way-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    this.path = join(dir, 'w.sock');
  }

  async listen(): Promise<this> {
    this.server = await listenForPipes({
      ...this.#common(),
      onPipe: (pipe, hello) => this.carrier.take(pipe, hello),
    });
    onTestFinished(() => this.server?.close());
    return this;
  }

  /** Work that the other process has carried. */
  ask(provider: string = 'agents'): Far {
    const far = new Far();
    const caller: UpstreamCaller = {
      ...{ tenant: 'acme', qos: 'silver', upstream_model: 'echo', stream: true, task_type: undefined, data_scopes: [] },
      ...{ via: [], deadline_ms: undefined, expected: { tokens: 1, usd_micros: 1 }, budget: {} },
    };
    const request: UpstreamRequest = {
      ...{ origin: '', path: '', headers: [], body: '{}' },
      method: 'POST',
      ...{ head_timeout_ms: 60_000, idle_timeout_ms: 60_000 },
    };
    const work = { provider: { ...this.desk.provider, id: provider }, request, caller };
    far.exchange.begin((handlers) => {
      far.pipe = openPipe({ ...this.#common(), hello: errandOf(work, 'node-b'), handlers });
      return far.pipe;
    });
    onTestFinished(() => far.exchange.cancel());
    return far;
  }

  #common(): Pick<Parameters<typeof listenForPipes>[0], 'path' | 'version' | 'timers' | 'clock' | 'onProblem'> {
    return {
      ...{ path: this.path, version: '1', timers: systemTimers, clock: systemClock },
      onProblem: ({ message }) => this.problems.push(message),
    };
  }
}

class Far {
  readonly seen: string[] = [];
  data = '';
  failure: TransportFailure | undefined;
  pipe: Pipe | undefined;
  readonly exchange: FarExchange = new FarExchange({
    handler: {
      onSent: () => this.seen.push('sent'),
      onHead: (status, headers) => this.seen.push(`head ${status} ${headers.get('content-type')} ${headers.get('x')}`),
      onData: (bytes) => {
        this.data += bytes.toString();
      },
      onEnd: () => this.seen.push('end'),
      onFail: (failure) => {
        this.failure = failure;
        this.seen.push('fail');
      },
    },
    blamed: { provider: 'agents', agent: 'echo', counts_for_breaker: false },
    onTaken: (id, number) => this.seen.push(`taken ${id} ${number}`),
    onRefused: (why) => this.seen.push(`refused ${why}`),
    onOver: (outcome) => this.seen.push(`over ${outcome}`),
  });
}

describe('work that another process carries', () => {
  test('tells all that its exchange tells there', async () => {
    const way = await new Way().listen();
    const agent = way.desk.agent();
    const far = way.ask();
    await until(() => far.seen.length === 1);
    agent.say(ESTIMATE);
    agent.say(piece('Hi'));
    agent.say(final('Hi'), true);
    await until(() => far.seen.includes('end'));
    expect(far.seen).toEqual(['taken agent_1 1', 'sent', 'head 200 text/event-stream undefined', 'over ok', 'end']);
    expect(far.data).toContain('event: final');
    await way.carrier.idle();
  });

  test('is at the pace of whoever reads: the agent is held back, and nothing is lost', async () => {
    const way = await new Way().listen();
    const agent = way.desk.agent();
    const far = way.ask();
    await until(() => far.seen.length === 1);
    far.exchange.pause();
    agent.say(ESTIMATE);
    const words = 'x'.repeat(65_536);
    for (let i = 0; i < 200; i += 1) agent.say(piece(words));
    // What was consumed is what left: sockets hold some of it.
    expect(agent.consumed).toBeLessThan(100);
    await settled();
    expect(far.data.length).toBeLessThan(200 * words.length);
    far.exchange.resume();
    agent.say(final('Hi'), true);
    await until(() => far.seen.includes('end'));
    expect(far.data.match(/event: chunk/g)?.length).toBe(200);
    expect(agent.consumed).toBe(202);
  });

  test('is cancelled there when it is here, and nothing more is told', async () => {
    const way = await new Way().listen();
    const agent = way.desk.agent();
    const far = way.ask();
    await until(() => far.seen.length === 1);
    far.exchange.cancel();
    await until(() => agent.aborted.length === 1);
    expect(agent.aborted[0]).toMatchObject({ content: { code: 'EPREEMPT' } });
    expect(far.seen).toEqual(['taken agent_1 1', 'over cancelled']);
    await way.carrier.idle();
  });

  test('fails by time that the agent lets pass, with the words of its own worker', async () => {
    const way = await new Way().listen();
    const agent = way.desk.agent();
    const far = way.ask();
    await until(() => far.seen.length === 1);
    agent.say(ESTIMATE);
    way.desk.time.advance(60_000);
    await until(() => far.failure !== undefined);
    expect(far.failure).toMatchObject({ kind: 'reset', verdict: { scope: 'transient', counts_for_breaker: false } });
    expect(far.failure?.verdict?.error).toMatchObject({
      ...{ code: 'upstream_timeout', origin: 'remote', details: { provider: 'agents', agent: 'echo' } },
    });
  });

  test('is refused where nobody takes it', async () => {
    const way = await new Way().listen();
    const [none, unknown] = [way.ask(), way.ask('elsewhere')];
    await until(() => none.seen.length + unknown.seen.length === 4);
    expect([none.seen, unknown.seen]).toEqual(Array(2).fill(['over refused', 'refused none']));
    await way.carrier.idle();
  });

  test('is lost with its process: before it was taken that is as if nobody were there, later as if the agent were gone', async () => {
    const nobody = new Way().ask();
    await until(() => nobody.seen.length === 2);
    expect(nobody.seen).toEqual(['over lost', 'refused none']);
    const way = await new Way().listen();
    const agent = way.desk.agent();
    const far = way.ask();
    await until(() => far.seen.length === 1);
    agent.say(ESTIMATE);
    await way.server?.close();
    await until(() => far.failure !== undefined);
    expect(far.seen).toEqual(['taken agent_1 1', 'sent', 'over lost', 'fail']);
    expect(far.failure?.verdict?.error.message).toBe('Agent "echo" at provider "agents" is no longer connected.');
  });

  test('that is shut down there ends it as if the process were gone', async () => {
    const way = await new Way().listen();
    const agent = way.desk.agent();
    const far = way.ask();
    await until(() => far.seen.length === 1);
    way.carrier.abortAll();
    await way.carrier.idle();
    await until(() => far.failure !== undefined);
    expect([agent.aborted.length, far.seen.at(-2)]).toEqual([1, 'over lost']);
  });

  test('that is none, or of which something strange is said, is reported and ended', async () => {
    const way = await new Way().listen();
    const gone = new Promise<void>((resolve) => {
      const common = { path: way.path, version: '1', timers: systemTimers, clock: systemClock };
      const handlers = { onMessage: () => undefined, onDrain: () => undefined, onGone: resolve };
      openPipe({ ...common, hello: { provider: 1 }, handlers, onProblem: () => undefined });
    });
    await gone;
    way.desk.agent();
    const far = way.ask();
    await until(() => far.seen.length === 1);
    far.pipe?.send('more');
    await until(() => far.failure !== undefined);
    expect(way.problems.length).toBe(2);
  });
});
