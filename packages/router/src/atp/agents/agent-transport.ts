import type {
  ProviderConfig,
  UpstreamExchange,
  UpstreamHandler,
  UpstreamRequest,
  UpstreamTransport,
} from '@atp-router/adapters';
import { admission } from './admission.ts';
import type { AgentHub } from './agent-hub.ts';
import { Placement } from './placement.ts';

/** The agents of one provider in place of a socket: each attempt goes to one of those that may serve its tenant. */
export class AgentTransport implements UpstreamTransport {
  readonly #hub: AgentHub;
  readonly #provider: ProviderConfig;

  constructor(hub: AgentHub, provider: ProviderConfig) {
    this.#hub = hub;
    this.#provider = provider;
  }

  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamExchange {
    const { caller } = request;
    if (caller === undefined) return this.#list(handler);
    const placement = new Placement(this.#hub, { provider: this.#provider, request, caller }, handler);
    placement.begin();
    return placement;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The operator asks who is there. */
  #list(handler: UpstreamHandler): UpstreamExchange {
    const there = this.#hub.all().filter((one) => admission(this.#provider, one.tenant)(one.tenant, one.key_id));
    const names = new Set(there.flatMap(({ capability }) => [capability.adapter_id, ...capability.models]));
    handler.onSent?.();
    handler.onHead(200, { get: (name) => (name === 'content-type' ? 'application/json' : undefined) });
    handler.onData(Buffer.from(JSON.stringify({ data: [...names].sort().map((id) => ({ id })) })));
    handler.onEnd();
    return NO_EXCHANGE;
  }
}

const NO_EXCHANGE: UpstreamExchange = { cancel: () => undefined, pause: () => undefined, resume: () => undefined };
