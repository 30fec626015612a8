import type { UpstreamCaller, UpstreamHandler, UpstreamRequest } from '@atp-router/adapters';
import { errorPayload, type MessageId, type Payload } from '@atp-router/wire';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AgentExchange } from '../../src/atp/agents/agent-exchange.ts';
import type { StreamReader } from '../../src/atp/agents/agent-peer.ts';
import type { ExchangeParts } from '../../src/atp/agents/exchange-parts.ts';
import { ESTIMATE, final, piece } from './raw.ts';

type Command =
  | { readonly do: 'say'; readonly payload: Payload | undefined; readonly fin: boolean }
  | { readonly do: (typeof ENDS)[number] | 'away' | 'back' | 'pause' | 'resume' };

/** One exchange whose surroundings do what the commands say; what it tells them is held against the order that it owes. */
class World {
  readonly told: string[] = [];
  readonly sent: string[] = [];
  readonly consumed: number[] = [];
  readonly counts = { begun: 0, ended: 0, outcomes: 0, delivered: 0 };
  readonly exchange: AgentExchange;
  is_reset = false;
  #reader: StreamReader | undefined;
  #timer: (() => void) | undefined;
  #is_cancelled = false;

  constructor(stream: boolean, pauses: boolean) {
    const peer = {
      is_connected: true,
      open: ({ payload }: { payload: Payload }, reader: StreamReader) => {
        this.#reader = reader;
        this.sent.push(payload.type);
        return {
          send: (message: { payload: Payload }) => this.sent.push(message.payload.type),
          consumed: ({ msg_seq }: MessageId) => this.consumed.push(msg_seq),
          reset: () => {
            expect(this.is_reset).toBe(false);
            this.is_reset = true;
          },
        };
      },
    };
    const parts = {
      ...{ clock: { now_ms: () => 0, mono_ms: () => 0 }, peer, session_id: 's', check: false },
      timers: {
        after: (_ms: number, run: () => void) => {
          this.#timer = run;
          return { cancel: () => (this.#timer = undefined) };
        },
      },
      agent: { capability: { adapter_id: 'echo', capabilities: [] } },
      node_id: 'node-a',
      blamed: { provider: 'p', agent: 'echo', counts_for_breaker: false },
      ...{ estimate_timeout_ms: 1, reconnect_wait_ms: 1 },
      events: {
        onBegin: () => (this.counts.begun += 1),
        onShare: () => undefined,
        onEnd: () => (this.counts.ended += 1),
        onGivenUp: () => undefined,
        onFault: () => undefined,
        onEstimate: () => undefined,
        onOutcome: () => (this.counts.outcomes += 1),
      },
    } as unknown as ExchangeParts;
    const tell = (what: string): void => {
      expect(this.#is_cancelled).toBe(false);
      this.told.push(what);
    };
    const handler: UpstreamHandler = {
      onHead: () => tell('head'),
      onData: () => {
        tell('data');
        if (pauses) this.exchange.pause();
      },
      onEnd: () => tell('end'),
      onFail: () => tell('fail'),
    };
    const request = { body: '{}', head_timeout_ms: 1, idle_timeout_ms: 1 } as unknown as UpstreamRequest;
    const caller = {
      stream,
      qos: 'silver',
      data_scopes: [],
      via: [],
      budget: {},
      expected: { tokens: 1, usd_micros: 1 },
    };
    this.exchange = new AgentExchange(parts, request, caller as unknown as UpstreamCaller, handler);
    expect(this.exchange.begin()).toBe(true);
  }

  run(command: Command): void {
    // A session says nothing of a stream that was aborted, or is closed.
    if (this.#reader === undefined && command.do !== 'resume') return;
    switch (command.do) {
      case 'say': {
        if (this.is_reset) return;
        const id = { lane: { stream_id: '2', persona_id: '', clone_id: '' }, msg_seq: this.counts.delivered };
        this.counts.delivered += 1;
        this.#reader?.onMessage(id, command.payload, command.fin);
        break;
      }
      case 'lost':
        this.#reader?.onLost(false);
        break;
      case 'too_large':
        this.#reader?.onLost(true);
        break;
      case 'unreadable':
        this.#reader?.onUnreadable();
        break;
      case 'refused':
        if (!this.is_reset) this.#reader?.onClosed(errorPayload('EPROTO'), true);
        this.#reader = undefined;
        break;
      case 'closed':
        if (!this.is_reset) this.#reader?.onClosed(undefined, false);
        this.#reader = undefined;
        break;
      case 'away':
      case 'back':
        this.#reader?.onConnection(command.do === 'back');
        break;
      case 'cancel':
        // The engine does not cancel what it was told the end of.
        if (this.told.at(-1) === 'end' || this.told.at(-1) === 'fail') return;
        this.#is_cancelled = true;
        this.exchange.cancel();
        break;
      case 'timer':
        this.#timer?.();
        break;
      case 'pause':
      case 'resume':
        this.exchange[command.do]();
    }
  }
}

const payload = fc.constantFrom<Payload | undefined>(
  ...[
    ESTIMATE,
    ESTIMATE,
    piece('a'),
    piece('b'),
    final('ab'),
    { type: 'error', content: { code: 'EBUDGET', reason: 'No.' } },
  ],
  ...[undefined, { type: 'agent.log', content: 1 }, { type: 'agent.result.final', content: 7 }],
);
const ENDS = ['lost', 'too_large', 'unreadable', 'refused', 'closed', 'cancel', 'timer'] as const;

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('say' as const), payload, fin: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('away' as const, 'back' as const, 'pause' as const, 'resume' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom(...ENDS),
    }),
  },
);

test('an exchange tells its end once, owes nothing afterwards, and consumes what it was given, whatever happens', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), fc.boolean(), fc.boolean(), (commands, stream, pauses) => {
      const world = new World(stream, pauses);
      world.run({ do: 'say', payload: ESTIMATE, fin: false });
      for (const one of commands) world.run(one);
      // At last everybody reads, and the stream is closed.
      for (let i = 0; i <= commands.length; i += 1) world.run({ do: 'resume' });
      world.run({ do: 'closed' });
      const { counts, told, consumed } = world;
      expect(told.join(' ')).toMatch(/^(|fail|head( data)*( (end|fail))?)$/);
      expect(counts).toMatchObject({ begun: 1, ended: 1, outcomes: 1 });
      expect([...consumed].sort((left, right) => left - right)).toEqual([...consumed.keys()]);
      if (!world.is_reset) expect(consumed).toHaveLength(counts.delivered);
      expect(world.sent.filter((type) => type === 'agent.dispatch').length).toBeLessThanOrEqual(1);
    }),
  );
});
