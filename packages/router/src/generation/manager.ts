import { createHash } from 'node:crypto';
import type { Config, Problem, ProviderConfig, UpstreamTransport, ValueSources } from '@atp-router/adapters';
import type { AccountLedger } from '@atp-router/flow';
import { AtpError } from '@atp-router/kernel';
import type { Engine } from '../engine/engine.ts';
import type { EventLog } from '../engine/ports.ts';
import { accountLimits, buildGeneration } from './build.ts';
import type { Generation } from './generation.ts';
import { mergeOverlay, type OverlayEntity } from './overlay.ts';

export interface ManagerParts {
  readonly log: EventLog;
  readonly accounts: AccountLedger;
  readonly sources: ValueSources;
  readonly transportOf: (provider: ProviderConfig) => UpstreamTransport;
}

export type ApplyResult =
  | { readonly ok: true; readonly generation: Generation }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Holds the configuration in force: the file's and what operators added through the admin API. Every change builds a
 * whole new generation or changes nothing; changed limits are events.
 */
export class GenerationManager {
  readonly #parts: ManagerParts;
  readonly #overlay: Map<string, OverlayEntity> = new Map();
  #base: Config;
  #effective: Config;
  #generation: Generation;
  #engine: Engine | undefined;

  /** Throws `config_invalid` when the configuration cannot be brought into force. */
  constructor(base: Config, overlay: readonly OverlayEntity[], parts: ManagerParts) {
    this.#parts = parts;
    this.#base = base;
    for (const entity of overlay) this.#overlay.set(keyOf(entity), entity);
    const merged = mergeOverlay(base, overlay, parts.sources);
    if (!merged.ok) throw overlayError(merged.problems);
    this.#effective = merged.config;
    this.#generation = this.#build(merged.config, 1);
    this.#applyLimits(merged.config, false);
  }

  get generation(): Generation {
    return this.#generation;
  }

  /** The file's configuration together with the overlay. */
  get config(): Config {
    return this.#effective;
  }

  get file_config(): Config {
    return this.#base;
  }

  get overlay(): readonly OverlayEntity[] {
    return [...this.#overlay.values()];
  }

  attach(engine: Engine): void {
    this.#engine = engine;
    this.#applyConcurrency(engine, this.#effective);
  }

  /** A new file configuration. */
  replaceBase(base: Config): ApplyResult {
    const result = this.#apply(base, this.overlay);
    if (result.ok) this.#base = base;
    return result;
  }

  /** Adds or replaces an entity; the caller journals it when the result is ok. */
  put(entity: OverlayEntity): ApplyResult {
    const next = new Map(this.#overlay).set(keyOf(entity), entity);
    return this.#applyOverlay(next);
  }

  remove(kind: OverlayEntity['kind'], id: string): ApplyResult {
    const next = new Map(this.#overlay);
    next.delete(keyOf({ kind, id }));
    return this.#applyOverlay(next);
  }

  #applyOverlay(next: Map<string, OverlayEntity>): ApplyResult {
    const result = this.#apply(this.#base, [...next.values()]);
    if (!result.ok) return result;
    this.#overlay.clear();
    for (const [key, entity] of next) this.#overlay.set(key, entity);
    return result;
  }

  #apply(base: Config, overlay: readonly OverlayEntity[]): ApplyResult {
    const merged = mergeOverlay(base, overlay, this.#parts.sources);
    if (!merged.ok) return merged;
    const generation = this.#build(merged.config, this.#generation.number + 1, overlay);
    this.#effective = merged.config;
    this.#generation = generation;
    this.#applyLimits(merged.config, true);
    if (this.#engine !== undefined) {
      this.#applyConcurrency(this.#engine, merged.config);
      this.#engine.useGeneration(generation);
    }
    this.#parts.log.append({ type: 'config.applied', generation: generation.number, hash: generation.hash });
    return { ok: true, generation };
  }

  #build(config: Config, number: number, overlay: readonly OverlayEntity[] = this.overlay): Generation {
    return buildGeneration(config, overlay, {
      number,
      hash: configHash(config),
      transportOf: this.#parts.transportOf,
    });
  }

  #applyLimits(config: Config, announce: boolean): void {
    for (const tenant of config.tenants) {
      const change = this.#parts.accounts.setLimits(`tenant:${tenant.id}`, accountLimits(tenant));
      if (change !== undefined && announce) {
        this.#parts.log.append({
          type: 'limits.changed',
          tenant: tenant.id,
          before: change.before,
          after: change.after,
        });
      }
    }
  }

  #applyConcurrency(engine: Engine, config: Config): void {
    const providers = new Map(config.providers.map((p) => [p.id, p]));
    for (const model of config.models) {
      const provider = providers.get(model.provider);
      if (provider === undefined) continue;
      engine.setConcurrency(`${model.provider}/${model.upstream_model ?? model.id}`, {
        max_parallel: model.max_concurrency ?? provider.max_concurrency,
        max_waiting: model.max_queue ?? provider.max_queue,
      });
    }
  }
}

function keyOf(entity: Pick<OverlayEntity, 'kind' | 'id'>): string {
  return `${entity.kind}:${entity.id}`;
}

/** Identifies a configuration in events and the admin API; secrets do not enter it. */
function configHash(config: Config): string {
  const text = JSON.stringify(config, (key, value: unknown) =>
    key === 'api_key' || key === 'headers' ? undefined : value,
  );
  return createHash('sha256').update(text).digest('hex');
}

function overlayError(problems: readonly Problem[]): AtpError {
  const first = problems[0];
  return new AtpError(
    'config_invalid',
    `What was made through the admin API no longer fits the configuration: ${first?.path ?? ''} ${first?.message ?? ''}. Change the file, or remove the entity.`,
  );
}
