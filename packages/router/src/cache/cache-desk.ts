import type { CacheConfig } from '@atp-router/adapters';
import { hashedEmbedder } from '@atp-router/consensus';
import type { CacheQuestion } from '@atp-router/routing';
import type { AdmittedCall } from '../engine/env.ts';
import type { EngineParts } from '../engine/parts.ts';
import { type CallRequest, canCompare, type ComparableRequest } from '../engine/request.ts';
import type { Generation } from '../generation/generation.ts';
import { ClientAnswer } from '../lifecycle/shadow/client-answer.ts';
import { compare, type Said } from '../lifecycle/shadow/compare.ts';
import { WatchedSink } from '../lifecycle/shadow/watched-sink.ts';
import { type CacheHit, serveCached } from './serve.ts';
import { askedOf } from './question.ts';
import { type CacheOutcome, type Kept, TenantCache } from './tenant-cache.ts';

/** Share of words that two answers in words have in common from which on they say the same; letters, numbers and JSON are the same or not. */
const SAME_AT = 0.5;

/** A request that may be answered from the cache, or whose answer may be kept. */
export interface Looked {
  readonly request: CallRequest;
  /** Whether it was answered with what was said before; else it has to be asked. */
  answers(call: AdmittedCall): boolean;
}

/** Told what became of each request that was looked at. */
export type OnLooked = (tenant: string, outcome: CacheOutcome) => void;

/** What the desk needs of an engine. */
type DeskParts = Pick<EngineParts, 'log' | 'ambient' | 'hash' | 'accounts' | 'kills' | 'stages'>;

/** Answers that may be given again, of all tenants that ask for it. Never one tenant's to another. */
export class CacheDesk {
  readonly #tenants: Map<string, TenantCache> = new Map();
  readonly #embedder = hashedEmbedder();
  readonly #onLooked: OnLooked;

  constructor(onLooked: OnLooked) {
    this.#onLooked = onLooked;
  }

  /** Of those tenants that have something. */
  get tenants(): ReadonlyMap<string, TenantCache> {
    return this.#tenants;
  }

  /** Forgets the answers of a tenant, and what was learned from them. Whether there were any. */
  clear(tenant: string): boolean {
    return this.#tenants.delete(tenant);
  }

  /** Drops the answers of tenants that no longer want any. */
  refresh(generation: Generation): void {
    for (const [tenant, { settings }] of this.#tenants) {
      if (!isSame(settings, generation.tenants.get(tenant)?.cache)) this.#tenants.delete(tenant);
    }
  }

  /** Undefined for most: nothing of it is kept. */
  look(request: CallRequest, generation: Generation, parts: DeskParts): Looked | undefined {
    const settings = generation.tenants.get(request.tenant)?.cache;
    if (settings === undefined || !mayKeep(request, parts)) return undefined;
    const sink = new WatchedSink(request.sink);
    return {
      request: { ...request, sink },
      answers: (call) => {
        const hit = this.#decide(request, sink, call, this.#of(request.tenant, settings), generation, parts);
        if (hit !== undefined) serveCached(call, request.facet, hit, parts);
        return hit !== undefined;
      },
    };
  }

  #of(tenant: string, settings: CacheConfig): TenantCache {
    const known = this.#tenants.get(tenant);
    if (known !== undefined && isSame(known.settings, settings)) return known;
    const made = new TenantCache(settings);
    this.#tenants.set(tenant, made);
    return made;
  }

  #decide(
    request: ComparableRequest,
    sink: WatchedSink,
    call: AdmittedCall,
    of: TenantCache,
    generation: Generation,
    parts: DeskParts,
  ): CacheHit | undefined {
    // What several agents have put together says how; that is not kept.
    if (call.fanout !== undefined && call.choice === undefined) return undefined;
    // Answers that are made up say so each time.
    if (call.targets.some(({ provider }) => provider.simulated)) return undefined;
    const asked = askedOf(request, call, of.settings, parts.hash);
    if (asked === undefined) return undefined;
    const vector = of.settings.semantic ? this.#embedder.embed([asked.text])[0] : undefined;
    const question = { ...asked, vector };
    const found = request.options.cache === 'no_cache' ? undefined : of.answers.find(question, nowOf(parts));
    const usable = found !== undefined && mayServe(found.value, generation, call, parts) ? found : undefined;
    if (usable !== undefined && isServed(usable, of, parts)) {
      this.#count(request.tenant, of, usable.is_exact ? 'exact' : 'similar');
      return usable;
    }
    this.#count(request.tenant, of, 'miss');
    const likes = usable !== undefined && !usable.is_exact && of.gate.counts(usable.likeness) ? usable : undefined;
    this.#watch(request, sink, question, of, likes, parts);
    return undefined;
  }

  /** What the request gets is kept, and held against what it would have got. */
  #watch(
    { tenant, facet, stream }: ComparableRequest,
    sink: WatchedSink,
    question: CacheQuestion,
    of: TenantCache,
    like: CacheHit | undefined,
    parts: DeskParts,
  ): void {
    const answer = new ClientAnswer(facet.dialect, stream);
    const onAnswered = (model: string | undefined): void => {
      const said = answer.read();
      if (model === undefined || said === undefined || !isWhole(said)) return;
      if (like !== undefined) {
        const { agrees } = compare({ text: like.value.text, finish: 'stop' }, said, SAME_AT);
        of.gate.told(like.likeness, agrees);
        this.#count(tenant, of, agrees ? 'compared_same' : 'compared_different');
      }
      of.answers.put(question, { text: said.text, model }, 2 * said.text.length, nowOf(parts));
    };
    sink.watch(answer, { onAnswered, onFailed: () => undefined });
  }

  #count(tenant: string, of: TenantCache, outcome: CacheOutcome): void {
    of.counts[outcome] += 1;
    this.#onLooked(tenant, outcome);
  }
}

function nowOf({ ambient }: DeskParts): number {
  return ambient.clock.mono_ms();
}

/** Stages have to see each answer; sessions and idempotent calls have a memory of their own. */
function mayKeep(request: CallRequest, { stages }: DeskParts): request is ComparableRequest {
  if (!canCompare(request) || stages.length > 0) return false;
  const { session_id, shadow, options } = request;
  if (session_id !== undefined || shadow !== undefined) return false;
  return options.idempotency_key === undefined && options.cache !== 'no_store';
}

/** A call that takes next to nothing. */
const LEAST = { calls: 1, tokens: 1, usd_nanos: 1 };

/** The tenant has room within all its limits, as for a call that begins, and whoever gave the answer is not switched off. */
function mayServe(
  { model }: Kept,
  { registry }: Generation,
  { accounts }: AdmittedCall,
  { accounts: ledger, kills, ambient }: DeskParts,
): boolean {
  const known = registry.model(model);
  if (kills.model(model) || (known !== undefined && kills.provider(known.provider_id))) return false;
  return ledger.refusal(accounts, LEAST, ambient.clock.now_ms()) === undefined;
}

/** The same text always; one that is like it where that was found to hold, but for the part that is asked all the same. */
function isServed({ is_exact, likeness }: CacheHit, { gate, settings }: TenantCache, { ambient }: DeskParts): boolean {
  if (is_exact) return true;
  return gate.allows(likeness) && ambient.rng.next() >= settings.verify;
}

function isWhole({ text, finish }: Said): boolean {
  return finish === 'stop' && text.trim() !== '';
}

function isSame(a: CacheConfig, b: CacheConfig | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
