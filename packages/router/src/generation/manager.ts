import type { Config, Problem, ProviderConfig, UpstreamTransport, ValueSources } from '@atp-router/adapters';
import type { AccountLedger, LimitsChange } from '@atp-router/flow';
import { AtpError, assert, isAtpError } from '@atp-router/kernel';
import { configSchemas } from '../admin/mask.ts';
import type { Engine } from '../engine/engine.ts';
import type { EventLog } from '../engine/ports.ts';
import { tenantAccount } from './accounts.ts';
import { accountLimits, buildGeneration } from './build.ts';
import { configHash } from './config-hash.ts';
import type { Generation } from './generation.ts';
import { applyRules } from './flow-limits.ts';
import { payersOf } from './own-tenants.ts';
import { type MergeResult, mergeOverlay, type OverlayEntity } from './overlay.ts';

export interface ManagerParts {
  readonly log: EventLog;
  readonly accounts: AccountLedger;
  readonly sources: ValueSources;
  /** Several processes have these limits: an account that may get a ceiling is limited from the start. */
  readonly is_one_of_many?: boolean;
  readonly transportOf: (provider: ProviderConfig, config: Config) => UpstreamTransport;
}

export type ApplyResult =
  | { readonly ok: true; readonly generation: Generation }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** One step of a change through the admin API. */
export type OverlayChange =
  | { readonly op: 'put'; readonly entity: OverlayEntity }
  | { readonly op: 'remove'; readonly kind: OverlayEntity['kind']; readonly id: string };

type Overlay = ReadonlyMap<string, OverlayEntity>;

/** Stands for sockets where a generation is only built to see whether it can be. */
const NO_TRANSPORT: UpstreamTransport = {
  send: () => {
    throw new Error('a generation that is not in force sends nothing');
  },
  close: () => Promise.resolve(),
};

/**
 * Holds the configuration in force: the file's and what operators added through the admin API. Every change builds a
 * whole new generation or changes nothing; changed limits are events.
 */
export class GenerationManager {
  readonly #parts: ManagerParts;
  #overlay: Overlay;
  /** The overlay of a change that is on its way to the journal. */
  #decided: Overlay | undefined;
  #base: Config;
  #effective: Config;
  #generation: Generation;
  #engine: Engine | undefined;

  /** Accounts that the configuration limits, besides those of tenants. */
  #ruled: ReadonlySet<string> = new Set();

  /** Throws `config_invalid` when the configuration cannot be brought into force. */
  constructor(base: Config, overlay: readonly OverlayEntity[], parts: ManagerParts) {
    this.#parts = parts;
    this.#base = base;
    this.#overlay = new Map(overlay.map((entity) => [keyOf(entity), entity]));
    const merged = mergeOverlay(base, overlay, parts.sources);
    if (!merged.ok) throw overlayError(merged.problems);
    const too_many = tooManyTenants(merged.config, parts.accounts.max_accounts);
    if (too_many !== undefined) throw new AtpError('config_invalid', `${too_many.message}: ${too_many.expected}.`);
    this.#effective = merged.config;
    this.#generation = this.#build(merged.config, 1, overlay);
    this.#applyLimits(merged.config, undefined);
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
    this.#applyRules(engine, this.#effective);
  }

  /** A new file configuration. */
  replaceBase(base: Config): ApplyResult {
    // A change that is being journaled will be in force in a moment: the file has to fit it too.
    const decided = this.#decided === undefined ? undefined : this.#check(base, this.#decided);
    if (decided?.ok === false) return decided;
    const checked = this.#check(base, this.#overlay);
    return checked.ok ? this.#apply(base, this.#overlay, checked.config, 'file') : checked;
  }

  /** What another process has brought into force, where it is that which decides. */
  follow(base: Config, overlay: readonly OverlayEntity[]): ApplyResult {
    const next = new Map(overlay.map((entity) => [keyOf(entity), entity]));
    const checked = this.#check(base, next);
    return checked.ok ? this.#apply(base, next, checked.config, 'file') : checked;
  }

  /**
   * Brings a change of the overlay into force: checked as a whole, then `journal`, then applied. Nothing is changed when
   * the check finds problems (then `journal` does not run) or when `journal` rejects. One change at a time.
   */
  async change(changes: readonly OverlayChange[], journal: () => Promise<void>): Promise<ApplyResult> {
    assert(this.#decided === undefined, 'changes of the overlay are made one after the other');
    const next = new Map(this.#overlay);
    for (const change of changes) {
      if (change.op === 'put') next.set(keyOf(change.entity), change.entity);
      else next.delete(keyOf(change));
    }
    const base = this.#base;
    const checked = this.#check(base, next);
    if (!checked.ok) return checked;
    this.#decided = next;
    try {
      await journal();
    } finally {
      this.#decided = undefined;
    }
    if (this.#base === base) return this.#apply(base, next, checked.config, 'admin');
    const again = this.#check(this.#base, next);
    return again.ok ? this.#apply(this.#base, next, again.config, 'admin') : again;
  }

  /** What would come of a configuration, without a trace. */
  #check(base: Config, overlay: Overlay): MergeResult {
    const entities = [...overlay.values()];
    // Merging takes a fifth of a millisecond for each entity; keys, which change most often, are no part of it.
    const same = base === this.#base && sameBesidesKeys(overlay, this.#overlay);
    const merged: MergeResult = same
      ? { ok: true, config: this.#effective }
      : mergeOverlay(base, entities, this.#parts.sources);
    if (!merged.ok) return merged;
    const too_many = tooManyTenants(merged.config, this.#parts.accounts.max_accounts);
    if (too_many !== undefined) return { ok: false, problems: [too_many] };
    try {
      buildGeneration(merged.config, entities, { number: 0, hash: '', transportOf: () => NO_TRANSPORT });
      return merged;
    } catch (error) {
      if (!isAtpError(error) || error.code !== 'config_invalid') throw error;
      return {
        ok: false,
        problems: [{ line: 1, column: 1, path: '', message: error.message, expected: 'no conflict' }],
      };
    }
  }

  #apply(base: Config, overlay: Overlay, config: Config, source: 'file' | 'admin'): ApplyResult {
    const generation = this.#build(config, this.#generation.number + 1, [...overlay.values()]);
    const before = this.#effective;
    this.#base = base;
    this.#overlay = overlay;
    this.#effective = config;
    this.#generation = generation;
    this.#applyLimits(config, before);
    if (this.#engine !== undefined) {
      this.#applyRules(this.#engine, config);
      this.#engine.parts.health.keepOnly(generation.registry.models);
      this.#engine.parts.health.configure();
      this.#engine.useGeneration(generation);
    }
    const { number, hash } = generation;
    this.#parts.log.append({ type: 'config.applied', generation: number, hash, source });
    return { ok: true, generation };
  }

  #build(config: Config, number: number, overlay: readonly OverlayEntity[]): Generation {
    return buildGeneration(config, overlay, {
      number,
      hash: configHash(config, configSchemas().whole),
      transportOf: this.#parts.transportOf,
    });
  }

  /** The account of a tenant that is gone has no limits once nothing of it runs, and may then be forgotten. */
  #applyLimits(config: Config, before: Config | undefined): void {
    const payers = payersOf(config);
    const tenants = new Set(payers.map(({ id }) => id));
    for (const { id } of before?.tenants ?? [])
      if (!tenants.has(id)) this.#announce(id, this.#parts.accounts.retire(tenantAccount(id)));
    for (const tenant of payers) {
      const change = this.#parts.accounts.setLimits(tenantAccount(tenant.id), accountLimits(tenant));
      if (before !== undefined) this.#announce(tenant.id, change);
    }
  }

  #announce(tenant: string, change: LimitsChange | undefined): void {
    if (change !== undefined) this.#parts.log.append({ type: 'limits.changed', tenant, ...change });
  }

  #applyRules(engine: Engine, config: Config): void {
    this.#ruled = applyRules(config, this.#parts.accounts, engine, this.#ruled, this.#parts.is_one_of_many);
  }
}

function keyOf(entity: Pick<OverlayEntity, 'kind' | 'id'>): string {
  return `${entity.kind}:${entity.id}`;
}

function sameBesidesKeys(a: Overlay, b: Overlay): boolean {
  const [left, right] = [a, b].map((overlay) => [...overlay.values()].filter((entity) => entity.kind !== 'key'));
  return left?.length === right?.length && left?.every((entity, i) => entity === right?.[i]) === true;
}

function tooManyTenants(config: Config, most: number): Problem | undefined {
  if (config.tenants.length <= most) return undefined;
  const message = `${config.tenants.length} tenants are more than their accounts have room for`;
  return { line: 1, column: 1, path: 'tenants', message, expected: `at most ${most}` };
}

function overlayError(problems: readonly Problem[]): AtpError {
  const first = problems[0];
  return new AtpError(
    'config_invalid',
    `What was made through the admin API no longer fits the configuration: ${first?.path ?? ''} ${first?.message ?? ''}. Change the file, or remove the entity.`,
  );
}
