import type { AgentState, ProviderConfig } from '@atp-router/adapters';
import type { Price } from '@atp-router/kernel';
import type { Offered } from '@atp-router/routing';
import type { AgentCapability } from './capability.ts';
import type { AgentInstance } from './roster.ts';
import { stateOf } from './state.ts';

/** A name by which calls of a tenant reach agents that are connected now. */
export interface ConnectedModel {
  /** `<provider>/<name>`. */
  readonly id: string;
  readonly provider_id: string;
  readonly instances: number;
  /** Of the instance that is nearest to being given work. */
  readonly state: AgentState;
  /** What each instance says that it can do. */
  readonly capabilities: ReadonlySet<string>;
  /** What its agents say that it costs, where the operator lets them. */
  readonly price: Price | undefined;
  /** Whether `auto` may choose it now. */
  readonly auto: boolean;
}

/** Each call for `auto` is ranked among them; a tenant has as many agents at most, by default. */
const OFFERED_MAX = 64;

/** A page of names is read by people and programs at once, and a tenant has so many only with a swarm of agents. */
const NAMES_MAX = 1_000;

const NEAREST: readonly AgentState[] = ['ready', 'busy', 'away', 'unwell'];

/** The names of one provider, sorted. An agent that does not keep to the rules is given nothing, and is not here. */
export function connectedModels(provider: ProviderConfig, admitted: readonly AgentInstance[]): ConnectedModel[] {
  const by_name = new Map<string, AgentInstance[]>();
  for (const one of admitted) {
    if (stateOf(one) === 'non_compliant') continue;
    for (const name of new Set([one.capability.adapter_id, ...one.capability.models])) {
      const there = by_name.get(name);
      if (there === undefined) by_name.set(name, [one]);
      else there.push(one);
    }
  }
  const names = [...by_name.keys()].sort().slice(0, NAMES_MAX);
  return names.map((name) => modelOf(provider, name, by_name.get(name) ?? []));
}

/** What `auto` may choose beside the declared models. */
export function offeredOf(connected: readonly ConnectedModel[]): Offered[] {
  const free = connected.filter(({ auto }) => auto);
  return free.slice(0, OFFERED_MAX).map(({ id: name, capabilities, price }) => ({ name, capabilities, price }));
}

function modelOf(provider: ProviderConfig, name: string, instances: readonly AgentInstance[]): ConnectedModel {
  const states = new Set(instances.map(stateOf));
  const state = NEAREST.find((one) => states.has(one)) ?? 'busy';
  const capabilities = instances.map(({ capability }) => capability);
  return {
    ...{ id: `${provider.id}/${name}`, provider_id: provider.id, instances: instances.length, state },
    capabilities: commonTo(capabilities),
    price: provider.agent?.advertised_prices === true ? dearest(capabilities) : undefined,
    // Nothing is chosen freely that would wait, or be refused.
    auto: provider.agent?.auto === true && state === 'ready',
  };
}

function commonTo([first, ...others]: readonly AgentCapability[]): ReadonlySet<string> {
  const common = (first?.capabilities ?? []).filter((one) => others.every((other) => other.capabilities.includes(one)));
  // Agents answer tasks: it need not be said.
  return new Set(['chat', ...common]);
}

/** The dearest of them, because any of them may be given the work. */
export function dearest(capabilities: readonly AgentCapability[]): Price | undefined {
  const prices = capabilities.flatMap(({ price }) => (price === undefined ? [] : [price]));
  // One without a price would work unbilled.
  if (prices.length === 0 || prices.length < capabilities.length) return undefined;
  const in_usd_micros_per_mtok = Math.max(...prices.map((price) => price.in));
  const out_usd_micros_per_mtok = Math.max(...prices.map((price) => price.out));
  return {
    ...{ in_usd_micros_per_mtok, out_usd_micros_per_mtok, reasoning_usd_micros_per_mtok: out_usd_micros_per_mtok },
    cached_in_usd_micros_per_mtok: in_usd_micros_per_mtok,
    cache_write_usd_micros_per_mtok: in_usd_micros_per_mtok,
    per_request_usd_nanos: 0,
  };
}
