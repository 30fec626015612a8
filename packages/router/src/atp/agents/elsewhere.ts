import type {
  ProviderConfig,
  UpstreamCaller,
  UpstreamExchange,
  UpstreamHandler,
  UpstreamRequest,
} from '@atp-router/adapters';
import type { AgentCheck } from './checked.ts';
import type { AgentInstance, Nobody } from './roster.ts';

/** One attempt that is to be given to an agent of this provider. */
export interface AgentWork {
  readonly provider: ProviderConfig;
  readonly request: UpstreamRequest;
  readonly caller: UpstreamCaller;
}

/** Agents that are connected to other processes of this router, and the way to them. */
export interface AgentsElsewhere {
  /** As they were told of last, with what is on its way to them. */
  readonly agents: readonly AgentInstance[];
  /** Whether this instance takes another stream, as far as is known here. `beyond`: also more than it suggests. */
  takes(id: string, beyond: boolean): boolean;
  /** Whether one that is not known to take more may do so soon: its process, which knows better, has to be asked. */
  isShort(id: string, beyond: boolean): boolean;
  /** Dispatches that it may have at a time; undefined while nothing narrows what its session has. */
  window(id: string): number | undefined;
  /**
   * Gives the work to the process that this agent is connected to, which chooses among its own by the same rule. `onRefused`:
   * none of them was given it; nothing else is called then, nor is that within this call.
   */
  send(
    agent: AgentInstance,
    work: AgentWork,
    handler: UpstreamHandler,
    onRefused: (why: Nobody) => void,
  ): UpstreamExchange;
  /** Checks an agent. Undefined: it is gone, or nothing can be asked from here. */
  check(agent: AgentInstance): Promise<AgentCheck | undefined>;
  /** Something of an agent of this process has changed, or it is gone. */
  changed(id: string): void;
}

/** This process is alone. */
export const NOWHERE: AgentsElsewhere = {
  agents: [],
  takes: () => false,
  isShort: () => false,
  window: () => undefined,
  send: () => {
    throw new Error('There is no other process.');
  },
  check: () => Promise.resolve(undefined),
  changed: () => undefined,
};
