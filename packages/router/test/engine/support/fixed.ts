import { checkConfig, type Config } from '@atp-router/adapters';
import { brokenAtRest } from './invariants.ts';
import type { RequestPlan } from './scenario.ts';
import type { Script, Step } from './script.ts';
import { type Answer, framesOf, wholeOf } from './wire.ts';
import { type Fixed, type Submitted, World } from './world.ts';

/** A configuration of one provider and model, with whole sections replaced by `more`. */
export function configOf(more: Readonly<Record<string, unknown>> = {}): Config {
  const checked = checkConfig(
    JSON.stringify({
      data_dir: '/nowhere',
      providers: [provider('p1')],
      models: [model('m1', 'p1')],
      tenants: [tenant()],
      ...more,
    }),
    { env: () => undefined, file: () => undefined },
  );
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.config;
}

export function provider(id: string, more: object = {}): object {
  return { id, type: 'openai', base_url: `http://${id}.invalid/v1`, api_key: 'k', ...more };
}

export function model(id: string, provider_id: string, more: object = {}): object {
  const price = { in_usd_per_mtok: 1, out_usd_per_mtok: 10 };
  return { id, provider: provider_id, upstream_model: `up-${id}`, context: 128_000, price, ...more };
}

export function tenant(more: object = {}): object {
  const hash = `sha256:${'0'.repeat(64)}`;
  return { id: 'a', keys: [{ id: 'k', hash }], ...more };
}

const PLAN: RequestPlan = {
  ...{ at_ms: 0, tenant: 'a', endpoint: 'chat', model: 'm1', stream: true, words: 10, max_tokens: 100, qos: 'silver' },
  ...{ deadline_ms: undefined, max_usd_nanos: undefined, idempotency_key: undefined, slow_share: 0 },
  leaves_after_ms: undefined,
};

/** What an upstream says of the use, and when. */
interface Reported {
  readonly reports?: Answer['reports'];
  readonly in_tokens?: number;
}

/** A good answer of so many tokens that takes so long, in one piece or one piece per token. */
export function good(
  tokens: number,
  takes_ms: number,
  kind: 'embed' | 'whole' | 'stream' = 'stream',
  { reports = 'at the end', in_tokens = 20 }: Reported = {},
): Script {
  const pieces = Array.from({ length: tokens }, (_, i) => `t${String(i).padStart(3, '0')}`);
  const usage = { in_tokens, out_tokens: tokens, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 };
  const answer = { pieces, usage, reports };
  const full_text = pieces.join('');
  const streams = kind === 'stream';
  const frames = streams
    ? framesOf('openai', answer)
    : [{ bytes: wholeOf('openai', answer), text: full_text, usage, finish: true as const }];
  const gap_ms = takes_ms / frames.length;
  const data = frames.map(
    (frame): Step => ({
      ...{ after_ms: gap_ms, kind: 'data', bytes: frame.bytes, text: frame.text, usage: frame.usage },
      ...{ finish: frame.finish === true, partial: false },
    }),
  );
  const steps: Step[] = [{ after_ms: 0, kind: 'head', status: 200 }, ...data, { after_ms: 0, kind: 'end' }];
  return { fate: 'good', steps, fails_at_once: false, full_text, streams };
}

/** Never says anything. */
export const SILENCE: Script = { fate: 'no head', steps: [], fails_at_once: false, full_text: '', streams: true };

/** A world in which a test decides what happens; the rules of all histories hold in it as well. */
export class Stage {
  readonly world: World;

  constructor(fixed: Partial<Fixed> = {}) {
    this.world = new World(1, { config: configOf(), script: (_provider, _nth, kind) => good(3, 10, kind), ...fixed });
  }

  ask(more: Partial<RequestPlan> = {}): Submitted {
    this.world.submit({ ...PLAN, ...more });
    const submitted = this.world.submitted.at(-1);
    if (submitted === undefined) throw new Error('nothing was submitted');
    return submitted;
  }

  /** Lets everything happen that is due within so many milliseconds. */
  async pass(by_ms: number): Promise<void> {
    const { time } = this.world;
    let over = false;
    time.after(by_ms, () => {
      over = true;
    });
    while (!over) {
      time.step();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Lets everything happen, and gives what does not hold then. */
  async end(): Promise<string[]> {
    while (this.world.time.step()) await new Promise((resolve) => setImmediate(resolve));
    return brokenAtRest(this.world);
  }

  /** Models that were promised to the journal, in their order. */
  get promised(): string[] {
    const { events } = this.world.log;
    return events.flatMap((e) => (e.type === 'call.opened' || e.type === 'attempt.started' ? [e.attempt.model] : []));
  }
}
