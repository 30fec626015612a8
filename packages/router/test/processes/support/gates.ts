import {
  AccountLedger,
  type AccountLimits,
  type Amounts,
  type CreditOptions,
  dayNumber,
  DEFAULT_CREDIT,
  isWorkerMessage,
  NOTHING,
  type OwnerMessage,
  type Part,
  plus,
  type WorkerMessage,
} from '@atp-router/flow';
import { idSource, QOS_TIERS, seededRng } from '@atp-router/kernel';
import { Faults } from '../../../src/engine/faults.ts';
import type { Ambient } from '../../../src/engine/ports.ts';
import { Starts } from '../../../src/engine/starts.ts';
import { LeasedGate } from '../../../src/processes/leased-gate.ts';
import { OwnerGate } from '../../../src/processes/owner-gate.ts';
import { Draw } from '@atp-router/kernel/testing';
import { VirtualTime } from '../../engine/support/virtual-time.ts';
import { type GateFacts, Player, type Stage } from './gate-player.ts';

const NOON_MS = Date.parse('2027-03-01T12:00:00Z');
const FAST: Partial<CreditOptions> = { ...DEFAULT_CREDIT, idle_ms: 3_000 };

interface WorkerEnd {
  readonly name: string;
  readonly gate: LeasedGate;
  readonly accounts: AccountLedger;
  /** Counts links: what was sent on an earlier one is lost. */
  link: number;
}

/** An owner and two workers whose messages take their time, and are lost when a link is cut. */
export class GateWorld implements Stage {
  readonly draw: Draw;
  readonly time: VirtualTime;
  readonly broken: string[] = [];
  readonly facts: GateFacts = {
    ...{ granted: 0, waited: 0, refused: 0, cancelled: 0, replaced: 0 },
    ...{ grown: 0, stopped: 0, lapsed: 0, cuts: 0, windows: 0 },
  };
  readonly #owner: OwnerGate;
  readonly #books: AccountLedger = new AccountLedger();
  readonly #workers: WorkerEnd[] = [];
  readonly #spent: Map<string, Amounts> = new Map();
  #due: Map<string, number> = new Map();
  /** Windows come and go meanwhile: of sessions at their worker, and of a deployment at all. */
  readonly #moves: Draw | undefined;

  constructor(seed: number, has_windows: boolean = false) {
    this.#moves = has_windows ? new Draw(seededRng(seed + 1_000_000)) : undefined;
    this.draw = new Draw(seededRng(seed));
    this.time = new VirtualTime(this.draw.rng, NOON_MS);
    const { time } = this;
    const limits = drawLimits(this.draw);
    limit(this.#books, limits);
    const ambient: Ambient = { clock: time, timers: time, rng: this.draw.rng, call_ids: idSource('c_', this.draw.rng) };
    const onDeposed = (): void => void this.broken.push('there is one owner only');
    const send = (message: OwnerMessage): void => this.#toWorker(message);
    const options = FAST;
    this.#owner = new OwnerGate({ accounts: this.#books, ambient, epoch: 1, workers: [], send, onDeposed, options });
    for (const account of ['router', 'provider:p'])
      this.#owner.configure(account, { shares: { gold: 0.4, silver: 0.2, bronze: 0.1 } });
    const starts = new Starts(new Faults((fault) => void this.broken.push(`thrown: ${String(fault)}`)));
    for (const name of ['w1', 'w2']) {
      const accounts = new AccountLedger();
      limit(accounts, limits);
      const gate = new LeasedGate({ accounts, ambient, starts, worker: name, incarnation: 1, inherited: [], options });
      const worker = { name, gate, accounts, link: 0 };
      this.#workers.push(worker);
      this.#up(worker);
    }
  }

  play(): void {
    const { draw, time } = this;
    for (let i = draw.int(20, 120); i > 0; i -= 1) {
      time.after(draw.int(0, 3_000), () => {
        const { name, gate } = draw.from(this.#workers);
        const session = this.#moves === undefined ? undefined : `${name}.${this.#moves.int(1, 2)}`;
        new Player(this, gate, draw.one('a', 'b', 'c'), draw.from(QOS_TIERS), session).begin();
      });
    }
    for (let i = draw.chance(0.5) ? draw.int(1, 3) : 0; i > 0; i -= 1)
      time.after(draw.int(100, 3_500), () => this.#cut(draw.from(this.#workers)));
    for (let i = this.#moves?.int(1, 10) ?? 0; i > 0; i -= 1)
      time.after(this.#moves?.int(0, 3_000) ?? 0, () => this.#moveWindow());
    while (time.mono_ms() < 40_000 && time.step()) if (this.broken.length > 0) return;
    this.#atRest();
  }

  /** A settlement, for the sum at the end. */
  spent(part: Part | undefined, used: Amounts): void {
    if (part?.kind !== 'reserve') return;
    for (const account of part.accounts) this.#spent.set(account, plus(this.#spent.get(account) ?? NOTHING, used));
  }

  #moveWindow(): void {
    const draw = this.#moves as Draw;
    const calls = draw.chance(0.3) ? Number.POSITIVE_INFINITY : draw.int(1, 4);
    this.facts.windows += 1;
    if (draw.chance(0.5)) {
      const { name, gate, accounts } = draw.from(this.#workers);
      const session = `session:${draw.one('a', 'b', 'c')}/${name}.${draw.int(1, 2)}`;
      accounts.setCeiling(session, calls);
      gate.wake(session);
      return;
    }
    // Each hears of it when it does.
    for (const { gate, accounts } of [{ gate: this.#owner, accounts: this.#books }, ...this.#workers]) {
      this.time.after(draw.int(1, 30), () => {
        accounts.setCeiling('deployment:m', calls);
        gate.wake('deployment:m');
      });
    }
  }

  #atRest(): void {
    const say = (what: string): void => void this.broken.push(`at rest: ${what}`);
    for (const { name, gate, accounts } of this.#workers) {
      for (const qos of QOS_TIERS) if (gate.waiting(qos) !== 0) say(`${gate.waiting(qos)} wait at ${name}`);
      for (const account of accounts.ids()) {
        const windows = accounts.windows(account);
        const out = { calls: windows?.out_calls, tokens: windows?.out_tokens, usd_nanos: windows?.out_usd_nanos };
        // What others have is in these books as it was told last.
        if ((out.calls ?? 0) < 0 || (out.tokens ?? 0) < 0) say(`${JSON.stringify(out)} at ${account} of ${name}`);
      }
    }
    this.#sessionsAtRest(say);
    for (const account of this.#books.ids()) {
      const windows = this.#books.windows(account);
      if (windows === undefined) continue;
      const { out_calls, out_tokens, out_usd_nanos } = windows;
      if (out_calls + out_tokens + out_usd_nanos !== 0)
        say(
          `${out_calls}/${out_tokens}/${out_usd_nanos} of ${account} are out, ${JSON.stringify(this.#books.limitsOf(account))}`,
        );
      const limits = this.#books.limitsOf(account);
      if (limits?.tokens_per_day === undefined) continue;
      const used = this.#books.usedOn(account, dayNumber(NOON_MS)) ?? NOTHING;
      const spent = this.#spent.get(account) ?? NOTHING;
      if (used.tokens !== spent.tokens)
        say(`${used.tokens} tokens are debited to ${account}, ${spent.tokens} were used`);
    }
    for (const qos of QOS_TIERS) if (this.#owner.waiting(qos) !== 0) say(`${qos} waits at the owner`);
  }

  /** Nothing has a place there any more: a window of one takes one. */
  #sessionsAtRest(say: (what: string) => void): void {
    if (this.#moves === undefined) return;
    const owner = { decided: () => undefined, preempted: () => undefined, lapsed: () => undefined };
    const key = { qos: 'gold', tenant: 'a', weight: 1, session: '', tokens: 1, deadline_mono_ms: Infinity } as const;
    for (const { name, gate, accounts } of this.#workers) {
      for (const session of [...accounts.ids()].filter((id) => id.startsWith('session:'))) {
        accounts.setCeiling(session, 1);
        gate.wake(session);
        const parts = [
          { kind: 'reserve', accounts: [session], amounts: { calls: 1, tokens: 1, usd_nanos: 1 } },
        ] as const;
        const { state } = gate.request({ owner, key, parts, is_preemptible: false });
        if (state.kind !== 'granted') say(`${session} at ${name} is ${state.kind}`);
      }
    }
  }

  #cut(worker: WorkerEnd): void {
    this.facts.cuts += 1;
    worker.link += 1;
    worker.gate.down();
    this.time.after(this.draw.int(1, 2_000), () => this.#up(worker));
  }

  #up(worker: WorkerEnd): void {
    worker.link += 1;
    const { link } = worker;
    worker.gate.up((message: WorkerMessage) =>
      this.#deliver(`up ${worker.name}`, () => {
        if (!isWorkerMessage(message)) this.broken.push(`${worker.name} sent no message: ${JSON.stringify(message)}`);
        else if (worker.link === link) this.#owner.receive(message);
      }),
    );
  }

  #toWorker(message: OwnerMessage): void {
    const worker = this.#workers.find(({ name }) => name === message.worker);
    if (worker === undefined) return;
    const { link } = worker;
    this.#deliver(`down ${worker.name}`, () => {
      if (worker.link === link) worker.gate.receive(message);
    });
  }

  /** In order, each a moment later: nothing is answered within the call that asked. */
  #deliver(way: string, run: () => void): void {
    const due_ms = Math.max((this.#due.get(way) ?? 0) + 0.001, this.time.mono_ms() + this.draw.int(1, 5));
    this.#due.set(way, due_ms);
    this.time.after(due_ms - this.time.mono_ms(), run);
  }
}

function drawLimits(draw: Draw): ReadonlyMap<string, AccountLimits> {
  const limits = new Map<string, AccountLimits>();
  for (const account of ['router', 'provider:p', 'deployment:m', 'tenant:a', 'tenant:b']) {
    const own: { -readonly [K in keyof AccountLimits]: AccountLimits[K] } = {};
    if (draw.chance(0.8)) own.max_parallel = draw.int(2, 20);
    if (draw.chance(0.4)) own.max_tokens = draw.int(400, 4_000);
    if (account.startsWith('tenant') && draw.chance(0.6)) own.tokens_per_day = draw.int(500, 20_000);
    if (Object.keys(own).length > 0) limits.set(account, own);
  }
  return limits;
}

function limit(accounts: AccountLedger, limits: ReadonlyMap<string, AccountLimits>): void {
  for (const [account, own] of limits) accounts.setLimits(account, own);
}
