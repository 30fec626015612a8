import type { AffinityConfig } from '@atp-router/adapters';
import type { Clock } from '@atp-router/kernel';
import type { AttemptIntent, AttemptRecord, RouterEvent } from '@atp-router/ledger';
import {
  Affinity,
  type AffinityTarget,
  promptBlocks,
  type PromptPrefix,
  type Replica,
  type Sent,
  sessionBlock,
} from '@atp-router/routing';

/** Models at providers that are remembered at a time: 128 with 4,096 blocks each are some 50 MB at most. */
const TARGETS_MAX = 128;
const SESSIONS_MAX = 4_096;
/** Calls that are followed at a time. Of those beyond, the first are followed no more: nothing is learned of them. */
const FOLLOWED_MAX = 4_096;

/** The beginning of one call's prompt. */
export interface Look {
  readonly prefix: PromptPrefix;
  readonly session: number | undefined;
}

/** What a prompt is of. */
export interface Looked {
  readonly tenant: string;
  readonly session_id: string | undefined;
  /** In the order in which a provider reads them. */
  readonly texts: readonly string[];
  readonly in_tokens: number;
}

interface Followed {
  readonly look: Look;
  /** By id of the model. */
  readonly targets: ReadonlyMap<string, AffinityTarget>;
  /** By number of the attempt. */
  readonly sent: Map<number, Sent>;
}

/** Told of each attempt that was followed to its end. */
export type OnCached = (provider: string, model: string, expected: number, cached: number) => void;

/**
 * Where prompts are warm, as this process knows it: by what it has sent itself, and what providers have said of it. Prompts of
 * one tenant tell nothing of another's: their blocks have nothing in common. It hears of attempts by their events.
 */
export class AffinityDesk {
  readonly #core: Affinity;
  readonly #settings: Pick<AffinityConfig, 'block_tokens'>;
  /** Not to be foreseen: whoever could make blocks of another's prompts could move what is believed of them. */
  readonly #salt: string;
  readonly #clock: Pick<Clock, 'mono_ms'>;
  readonly #onCached: OnCached;
  readonly #followed: Map<string, Followed> = new Map();

  constructor(
    settings: Pick<AffinityConfig, 'block_tokens' | 'blocks_per_target'>,
    salt: string,
    clock: Pick<Clock, 'mono_ms'>,
    onCached: OnCached,
  ) {
    this.#core = new Affinity({
      blocks_max: settings.blocks_per_target,
      targets_max: TARGETS_MAX,
      sessions_max: SESSIONS_MAX,
    });
    this.#settings = settings;
    this.#salt = salt;
    this.#clock = clock;
    this.#onCached = onCached;
  }

  look({ tenant, session_id, texts, in_tokens }: Looked): Look {
    const salt = `${this.#salt}\n${tenant}`;
    return {
      prefix: promptBlocks(texts, salt, in_tokens, this.#settings.block_tokens),
      session: session_id === undefined ? undefined : sessionBlock(session_id, salt),
    };
  }

  /** Tokens of the prompt that are expected in the cache there. */
  expected({ prefix }: Look, target: AffinityTarget): number {
    return this.#core.expected(target, prefix, this.#clock.mono_ms());
  }

  pick<T extends Replica>(look: Look, replicas: readonly T[], spread: boolean): T | undefined {
    return this.#core.pick(replicas, look.prefix, this.#clock.mono_ms(), { spread, session: look.session });
  }

  /** The call asks one or more of these: what comes of it is heard of by events. */
  follow(call_id: string, look: Look, targets: ReadonlyMap<string, AffinityTarget>): void {
    this.#followed.set(call_id, { look, targets, sent: new Map() });
    for (const [oldest, { sent }] of this.#followed) {
      if (this.#followed.size <= FOLLOWED_MAX) return;
      this.#followed.delete(oldest);
      for (const one of sent.values()) this.#core.came(one, undefined);
    }
  }

  /** Sees all events. */
  observe(event: RouterEvent): void {
    if (event.type === 'call.opened' || event.type === 'attempt.started') this.#sent(event.call_id, event.attempt);
    else if (event.type === 'attempt.ended') this.#ended(event.call_id, event.attempt);
    else if (event.type === 'call.ended') {
      for (const record of event.attempts) this.#ended(event.call_id, record);
      this.#followed.delete(event.call_id);
    }
  }

  #sent(call_id: string, { n, model }: AttemptIntent): void {
    const followed = this.#followed.get(call_id);
    const target = followed?.targets.get(model);
    if (followed === undefined || target === undefined) return;
    const { look, sent } = followed;
    sent.set(n, this.#core.sent(target, look.prefix, this.#clock.mono_ms(), look.session));
  }

  #ended(call_id: string, { n, model, provider, outcome, usage, usage_source }: AttemptRecord): void {
    const sent = this.#followed.get(call_id)?.sent;
    const one = sent?.get(n);
    if (sent === undefined || one === undefined) return;
    sent.delete(n);
    if (usage_source === 'reported') {
      this.#core.came(one, usage.cached_in_tokens);
      this.#onCached(provider, model, one.expected_tokens, usage.cached_in_tokens);
    } else if (outcome === 'error' && usage_source === 'none') this.#core.failed(one);
    else this.#core.came(one, undefined);
  }
}
