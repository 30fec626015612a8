import { type Amounts, NOTHING } from '../../amounts.ts';
import { dayNumber } from '../../days.ts';
import { DIMENSIONS, plus } from '../sums.ts';
import { ACCOUNTS } from './plan.ts';
import type { Call, Scene } from './scene.ts';

const EVERY_MS = 50;
/** A round trip, a recall and its answer, and a scan of those who wait, with room to spare. */
const LONGEST_MS = 500;

/** In histories without trouble nobody waits for what is there: room for all who wait, at all that they need, for so long. */
export class Starving {
  readonly #world: Scene;
  /** Since when there has been room for them. */
  readonly #since_ms: Map<Call, number> = new Map();

  constructor(world: Scene) {
    this.#world = world;
  }

  watch(until_ms: number): void {
    const { time, plan } = this.#world;
    if (!plan.setting.is_calm || time.now_ms >= until_ms) return;
    this.#look();
    time.after(EVERY_MS, () => this.watch(until_ms));
  }

  #look(): void {
    const { time, workers, judge } = this.#world;
    const waiting = workers.flatMap(({ calls }) => [...calls].filter(({ ticket }) => ticket?.state.kind === 'waiting'));
    const tight = new Set(ACCOUNTS.filter((account) => !this.#hasRoom(account, waiting)));
    const free = new Set(waiting.filter(({ ticket }) => !accountsOf(ticket).some((account) => tight.has(account))));
    for (const call of this.#since_ms.keys()) if (!free.has(call)) this.#since_ms.delete(call);
    for (const call of free) {
      const since_ms = this.#since_ms.get(call) ?? time.now_ms;
      this.#since_ms.set(call, since_ms);
      if (time.now_ms - since_ms > LONGEST_MS) judge.broken(`a call of ${call.plan.at_ms} ms waits for what is there`);
    }
  }

  #hasRoom(account: (typeof ACCOUNTS)[number], waiting: readonly Call[]): boolean {
    const { workers, limits, wall_ms } = this.#world;
    const its = limits.get(account) ?? {};
    let wanted = NOTHING;
    for (const { ticket } of waiting)
      for (const { accounts, amounts } of ticket?.asked ?? [])
        if (accounts.includes(account)) wanted = plus(wanted, amounts);
    for (const worker of workers) wanted = plus(wanted, worker.held(account));
    const windows: Amounts = {
      calls: its.max_parallel ?? Infinity,
      tokens: its.max_tokens ?? Infinity,
      usd_nanos: Infinity,
    };
    if (DIMENSIONS.some((of) => wanted[of] > windows[of])) return false;
    const today = dayNumber(wall_ms);
    for (const worker of workers) wanted = plus(wanted, worker.used.get(`${today} ${account}`)?.used ?? NOTHING);
    const { calls_per_day: calls = Infinity, tokens_per_day: tokens = Infinity } = its;
    const budgets: Amounts = { calls, tokens, usd_nanos: its.usd_nanos_per_day ?? Infinity };
    return DIMENSIONS.every((of) => wanted[of] <= budgets[of]);
  }
}

function accountsOf(ticket: Call['ticket']): readonly (typeof ACCOUNTS)[number][] {
  const named = new Set(ticket?.asked.flatMap(({ accounts }) => accounts));
  return ACCOUNTS.filter((account) => named.has(account));
}
