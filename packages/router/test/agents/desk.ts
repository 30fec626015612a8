import type {
  ProviderConfig,
  TransportFailure,
  UpstreamCaller,
  UpstreamExchange,
  UpstreamHandler,
} from '@atp-router/adapters';
import type { SessionInput } from '@atp-router/session';
import { Registry } from '@atp-router/routing';
import type { Payload } from '@atp-router/wire';
import { AgentHub, type ReachableAgent } from '../../src/atp/agents/agent-hub.ts';
import type { AgentPeer } from '../../src/atp/agents/agent-peer.ts';
import { AgentTransport } from '../../src/atp/agents/agent-transport.ts';
import { ManualTime } from '../shared/support/time.ts';

const LIMITS = { max_agents: 1_024, max_agents_per_tenant: 64 };
export const ESTIMATE_TIMEOUT_MS = 5_000;
const SILENCE_MS = 60_000;

/** The agents of a router with time that a test moves: the hub and what is behind it are real, sessions are what a test says. */
export class Desk {
  readonly time: ManualTime = new ManualTime();
  readonly provider = {
    ...{ id: 'agents', type: 'agent', agent: { estimate_timeout_ms: ESTIMATE_TIMEOUT_MS } },
  } as unknown as ProviderConfig;
  readonly hub: AgentHub;
  readonly #transport: AgentTransport;

  constructor() {
    this.hub = new AgentHub({
      ...{
        clock: this.time,
        timers: this.time,
        node_id: 'node-a',
        limits: () => LIMITS,
        killed: () => false,
      },
      providers: () => [this.provider],
      registry: () => new Registry({ providers: [{ id: 'agents', any_model: true }], models: [] }),
      mayName: () => true,
      onUnreachable: () => undefined,
      observer: { dispatched: () => undefined, estimated: () => undefined, struck: () => undefined },
    });
    this.#transport = new AgentTransport(this.hub, this.provider);
  }

  /** An agent that has dialled in. */
  agent(): DeskAgent {
    return new DeskAgent(this.hub);
  }

  /** Gives a task to whom the router chooses. */
  ask(more: Partial<UpstreamCaller> = {}): Asked {
    const caller: UpstreamCaller = {
      ...{ tenant: 'acme', qos: 'silver', upstream_model: 'echo', stream: true, task_type: undefined, data_scopes: [] },
      via: [],
      ...{ deadline_ms: undefined, expected: { tokens: 1, usd_micros: 1 }, budget: {}, ...more },
    };
    return new Asked((handler) =>
      this.#transport.send(
        {
          ...{ origin: '', path: '', method: 'POST', headers: [], body: '{}', caller },
          ...{ head_timeout_ms: SILENCE_MS, idle_timeout_ms: SILENCE_MS },
        },
        handler,
      ),
    );
  }
}

/** A task at an agent, and what the engine is told of it. */
export class Asked {
  readonly exchange: UpstreamExchange;
  data = '';
  failure: TransportFailure | undefined;
  has_ended = false;
  /** Called with each piece. */
  onData: () => void = () => undefined;

  constructor(send: (handler: UpstreamHandler) => UpstreamExchange) {
    this.exchange = send({
      onHead: () => undefined,
      onData: (bytes) => {
        this.data += Buffer.from(bytes).toString();
        this.onData();
      },
      onEnd: () => {
        this.has_ended = true;
      },
      onFail: (failure) => {
        this.failure = failure;
      },
    });
  }

  get code(): string | undefined {
    return this.failure?.verdict?.error.code;
  }
}

export class DeskAgent {
  /** Types of what came on streams of tasks. */
  readonly came: string[] = [];
  /** With what streams were aborted. */
  readonly aborted: Payload[] = [];
  /** Messages that were dealt with. */
  consumed = 0;
  readonly #hub: AgentHub;
  readonly #peer: AgentPeer;
  /** The stream that was opened last. */
  #stream = 0;
  #seq = 0;

  constructor(hub: AgentHub) {
    this.#hub = hub;
    const owner = { tenant: 'acme', key_id: 'k1', session_id: 's' };
    const driver = {
      nextStream: () => String(this.#stream + 2),
      room: () => 1_000,
      refusal: () => undefined,
      handle: (input: SessionInput) => this.#told(input),
    };
    this.#peer = hub.peerOf(owner)(driver) as AgentPeer;
    this.#peer.onConnection(true);
    this.advertise();
  }

  get reached(): ReachableAgent {
    const found = this.#hub.roster.all().find(({ id }) => this.#hub.reach(id)?.peer === this.#peer);
    return this.#hub.reach(found?.id ?? '') as ReachableAgent;
  }

  advertise(more: object = {}): void {
    this.#deliver('0', { type: 'adapter.capability', content: { adapter_id: 'echo', ...more } }, false);
  }

  say(payload: Payload | undefined, fin = false): void {
    this.#deliver(String(this.#stream), payload, fin);
  }

  /** The connection is lost, or there again. */
  connection(is_connected: boolean): void {
    this.#peer.onConnection(is_connected);
  }

  /** Its session is over. */
  close(): void {
    this.#peer.onEffect({ type: 'closed' });
  }

  #deliver(stream_id: string, payload: Payload | undefined, fin: boolean): void {
    this.#seq += 1;
    const id = { lane: { stream_id, persona_id: '', clone_id: '' }, msg_seq: this.#seq };
    const frame = { payload } as never;
    this.#peer.onEffect({ type: 'deliver', id, frame, fin, again: false });
  }

  #told(input: SessionInput): void {
    if (input.type === 'reset') this.aborted.push(input.error);
    if (input.type === 'consumed' && input.id.lane.stream_id !== '0') this.consumed += 1;
    if (input.type !== 'send' || input.lane.stream_id === '0') return;
    this.#stream = Number(input.lane.stream_id);
    this.came.push(input.message.payload?.type ?? 'nothing');
  }
}
