import type { Config, ModelConfig } from '@atp-router/adapters';
import { CliError, EXIT } from '../exit.ts';
import { printable } from '../print/text.ts';
import { DEADLINE_MS, READY_POLICIES, REVIEWERS } from './personas.ts';

export interface ReadyOptions {
  readonly policy: string;
  readonly models?: readonly string[] | undefined;
  readonly simulated?: boolean | undefined;
}

/** A configuration that has the policy of a review, and the models that it asks. */
export interface Ready {
  readonly config: Config;
  /** Ids of the models of the ready policy; empty where the configuration has a policy of that name itself. */
  readonly models: readonly string[];
}

/** Puts the ready policies into a configuration that has none of the name itself. */
export async function withReadyPolicy(config: Config, options: ReadyOptions): Promise<Ready> {
  const own = config.policies.find(({ id }) => id === options.policy);
  if (own !== undefined) {
    if (own.fanout === undefined) {
      const ready = READY_POLICIES.map(({ id }) => id).join(', ');
      const message = `policy "${printable(own.id)}" of the configuration asks one agent after the other, and a review is made of what several say: give it a "fanout" (examples/review.yaml), or name another with --policy; ready ones are ${ready}.`;
      throw new CliError(EXIT.usage, message);
    }
    if (options.models === undefined) return { config, models: [] };
    const message = `the configuration says itself whom policy "${printable(options.policy)}" asks; leave --models out.`;
    throw new CliError(EXIT.usage, message);
  }
  if (!READY_POLICIES.some(({ id }) => id === options.policy)) {
    const known = READY_POLICIES.map(({ id }) => id).join(', ');
    throw new CliError(
      EXIT.usage,
      `there is no policy "${printable(options.policy)}" in the configuration; ready ones are ${known}.`,
    );
  }
  const models = chosen(config, options);
  const { personas, policies } = await checkedParts(models);
  const is_new = ({ id }: { readonly id: string }): boolean => REVIEWERS.some((one) => one.id === id);
  return {
    config: {
      ...config,
      personas: [...config.personas.filter((one) => !is_new(one)), ...personas],
      policies: [...config.policies, ...policies.filter(({ id }) => id === options.policy)],
    },
    models: models.map(({ id }) => id),
  };
}

/**
 * Who answers: the models that are named; else of each provider the one of the middle price among those that chat (of two the
 * cheaper), in the order of the configuration. Simulated ones only when they are asked for: what they say is invented.
 */
function chosen(config: Config, { models: named, simulated }: ReadyOptions): readonly ModelConfig[] {
  if (named !== undefined) return named.map((id) => modelOf(config, id));
  const sims = new Set(config.providers.filter(({ type }) => type === 'sim').map(({ id }) => id));
  const usable = config.models.filter(
    ({ provider, capabilities, status }) =>
      capabilities.includes('chat') && status === 'active' && sims.has(provider) === (simulated === true),
  );
  const found = config.providers.flatMap(({ id }) => {
    const own = usable.filter(({ provider }) => provider === id).sort(byPrice);
    return own[Math.floor((own.length - 1) / 2)] ?? [];
  });
  if (found.length > 0) return found;
  const keys = 'OPENAI_API_KEY, ANTHROPIC_API_KEY or GEMINI_API_KEY';
  const help =
    simulated === true
      ? 'name a configuration with a provider of type sim, or none.'
      : `set ${keys}, start Ollama, name a configuration with --config or a router with --url; or try it with --simulated, whose answers are invented.`;
  throw new CliError(EXIT.config, `there is no model to ask: ${help}`);
}

function modelOf(config: Config, id: string): ModelConfig {
  const model = config.models.find((one) => one.id === id);
  if (model !== undefined) return model;
  throw new CliError(EXIT.usage, `the configuration has no model "${printable(id)}".`);
}

function byPrice(a: ModelConfig, b: ModelConfig): number {
  const of = ({ price }: ModelConfig): number => (price?.in_usd_per_mtok ?? 0) + (price?.out_usd_per_mtok ?? 0);
  return of(a) - of(b) || (a.id < b.id ? -1 : 1);
}

/** Personas and policies as the check of a configuration makes them, all defaults filled in. */
async function checkedParts(models: readonly ModelConfig[]): Promise<Pick<Config, 'personas' | 'policies'>> {
  const { checkConfig } = await import('@atp-router/adapters');
  const ids = models.map(({ id }) => id);
  const source = {
    // Only so that the names lead somewhere: the real ones are in the configuration already.
    providers: [{ id: 'any', type: 'sim' }],
    models: ids.map((id) => ({ id, provider: 'any', context: 1_000 })),
    personas: REVIEWERS.map((one, i) => ({ ...one, model: ids[i % ids.length] })),
    policies: READY_POLICIES.map((one) => ({
      ...one,
      fanout: { mode: 'diverse', agents: REVIEWERS.map(({ id }) => `persona:${id}`) },
      deadline_ms: DEADLINE_MS,
    })),
  };
  const checked = checkConfig(JSON.stringify(source), { env: () => undefined, file: () => undefined });
  if (!checked.ok) throw new Error(`the ready policy is faulty: ${checked.problems[0]?.message}`);
  return checked.config;
}
