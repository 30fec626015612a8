import type { AccountLimits } from '../../amounts.ts';
import { recoveredOf } from '../worker-hello.ts';
import type { OwnerMessage, Recovered, WorkerMessage } from '../messages.ts';
import { CreditOwner, type OwnerSetup } from '../owner.ts';
import type { Now } from '../../scheduler/changes.ts';
import type { CreditOptions } from '../options.ts';
import type { WorkerSetup } from '../worker-effects.ts';
import { CreditWorker } from '../worker.ts';
import { Draw } from '@atp-router/kernel/testing';
import { Judge } from './judge.ts';
import { OwnerProcess } from './owner-process.ts';
import { FAIR, FAST, type Plan, type PlannedCall, type Weather, STEEPNESS } from './plan.ts';
import { Time } from './time.ts';
import {
  type Call,
  type CreditFacts,
  type EndedCall,
  type Machines,
  noFacts,
  type OwnerEnd,
  type Scene,
  type WorkerEnd,
} from './scene.ts';
import { WorkerProcess } from './worker-process.ts';

/** Processes of workers and owners, and the ways between them. */
export class World implements Scene {
  readonly plan: Plan;
  readonly time: Time = new Time();
  readonly draw: Draw;
  readonly facts: CreditFacts = noFacts();
  readonly judge: Judge;
  readonly options: CreditOptions;
  /** Calls that have ended, by true time. */
  readonly ended: EndedCall[] = [];
  /** Calls that were told to stop for others. */
  readonly stopped: PlannedCall[] = [];
  readonly limits: Map<string, AccountLimits>;
  /** The latest incarnation of each worker. */
  readonly workers: WorkerProcess[] = [];
  readonly all: WorkerProcess[] = [];
  readonly owners: OwnerProcess[] = [];
  /** Whom the election has chosen last; undefined while there is none. */
  owner: OwnerProcess | undefined;
  weather: Weather;
  readonly #machines: Machines;
  readonly #limits: Map<string, AccountLimits>[] = [];
  readonly #arrivals: Map<string, number> = new Map();

  constructor(plan: Plan, machines: Machines) {
    this.plan = plan;
    this.options = { ...FAST, ...plan.setting.options };
    this.#machines = machines;
    this.draw = new Draw(plan.seed ^ 0x5eed, STEEPNESS);
    this.limits = new Map(plan.setting.limits);
    this.weather = plan.setting.weather;
    this.judge = new Judge(this);
    for (let i = 0; i < plan.setting.workers; i += 1) this.#limits.push(new Map(plan.setting.limits));
    this.elect([]);
    for (let i = 0; i < plan.setting.workers; i += 1) this.startWorker(i);
  }

  get wall_ms(): number {
    return this.plan.setting.wall_ms + this.time.now_ms;
  }

  makeOwner(setup: OwnerSetup, now: Now): CreditOwner {
    return this.#machines.makeOwner?.(setup, now) ?? new CreditOwner(setup, now);
  }

  makeWorker(setup: WorkerSetup): CreditWorker<Call> {
    return this.#machines.makeWorker?.(setup) ?? new CreditWorker<Call>(setup);
  }

  workerLimits(index: number): ReadonlyMap<string, AccountLimits> {
    return this.#limits[index] ?? new Map();
  }

  /** A new owner; undefined: it does not know which workers there are. */
  elect(workers: readonly { name: string; incarnation: number }[] | undefined): void {
    const owner = new OwnerProcess(this, this.owners.length + 1, workers);
    this.owners.push(owner);
    this.owner = owner;
    owner.take(owner.core.start(owner.now));
    for (const gone of this.all) {
      if (gone.is_recovered && this.plan.setting.heirs !== true)
        for (const one of this.journalOf(gone)) owner.take(owner.core.settledFor(one, owner.now));
    }
    for (const worker of this.workers) {
      // Some hear of it late, and go on with the one before if that goes on.
      const after_ms = this.draw.int(0, this.draw.chance(0.2) ? 4_000 : 300);
      this.time.after(after_ms, () => this.#route(worker, owner));
    }
  }

  journalOf(worker: WorkerProcess): readonly Recovered[] {
    return recoveredOf(worker.name, worker.incarnation, worker.totals());
  }

  startWorker(index: number): void {
    const before = this.all.filter((one) => one.index === index);
    const { heirs = false } = this.plan.setting;
    const read = heirs ? [] : before.filter(({ recovery }) => recovery === 'self');
    const recovered = read.flatMap((one) => this.journalOf(one));
    const inherited = heirs ? before.flatMap((one) => one.totals()) : undefined;
    const worker = new WorkerProcess(this, index, before.length + 1, recovered, inherited);
    this.workers[index] = worker;
    this.all.push(worker);
    worker.owner = this.owner;
    if (this.owner !== undefined) worker.connect();
  }

  setLimits(account: string, limits: AccountLimits, skew_ms: number): void {
    this.judge.limitsChange(account, this.limits.get(account) ?? {}, limits);
    this.limits.set(account, limits);
    for (const owner of this.owners) {
      if (!owner.is_alive) continue;
      owner.ledger.setLimits(account, limits);
      owner.take(owner.core.limitsChanged(account, owner.now));
    }
    for (let i = 0; i < this.workers.length; i += 1)
      this.time.after(this.draw.int(0, skew_ms), () => this.#hearLimits(i, account, limits));
  }

  #hearLimits(index: number, account: string, limits: AccountLimits): void {
    const changed = new Map(this.#limits[index]).set(account, limits);
    this.#limits[index] = changed;
    const worker = this.workers[index];
    if (worker?.is_alive === true) worker.take(worker.core.setLimits((id) => changed.get(id), worker.now));
  }

  toOwner(worker: WorkerEnd, sent: WorkerMessage): void {
    const { owner } = worker;
    const message = this.#machines.toOwner?.(sent) ?? sent;
    this.facts.messages += 1;
    if (owner === undefined || worker.is_partitioned) return;
    this.#carry(`up ${worker.name} ${worker.incarnation} ${owner.epoch}`, () => {
      if (!worker.is_partitioned) owner.receive(message);
    });
  }

  toWorker(owner: OwnerEnd, sent: OwnerMessage): void {
    const message = this.#machines.toWorker?.(sent) ?? sent;
    this.facts.messages += 1;
    const worker = this.workers.find(({ name }) => name === message.worker);
    if (worker === undefined || worker.is_partitioned) return;
    this.#carry(`down ${worker.name} ${worker.incarnation} ${owner.epoch}`, () => {
      const reaches = worker.owner === owner || message.body.type === 'resync';
      if (reaches && !worker.is_partitioned) worker.receive(message);
    });
  }

  heal(): void {
    this.weather = FAIR;
    if (this.owner === undefined) this.elect(this.alive());
    for (let i = 0; i < this.workers.length; i += 1) {
      const worker = this.workers[i];
      if (worker === undefined) continue;
      worker.is_partitioned = false;
      if (!worker.is_alive) this.startWorker(i);
      else if (worker.owner !== this.owner) this.#route(worker, this.owner);
    }
  }

  alive(): readonly { name: string; incarnation: number }[] {
    return this.workers.filter(({ is_alive }) => is_alive).map(({ name, incarnation }) => ({ name, incarnation }));
  }

  #route(worker: WorkerProcess, owner: OwnerProcess | undefined): void {
    if (owner !== this.owner || !worker.is_alive || worker.owner === owner) return;
    worker.owner = owner;
    worker.connect();
  }

  /** In order, but for what overtakes or comes twice. */
  #carry(way: string, deliver: () => void): void {
    const { delay_ms, lost, repeated, early } = this.weather;
    if (this.draw.chance(lost)) {
      this.facts.lost += 1;
      return;
    }
    const at_ms = this.time.now_ms + this.draw.int(delay_ms[0], delay_ms[1]);
    const in_order_ms = Math.max(at_ms, this.#arrivals.get(way) ?? 0);
    if (this.draw.chance(early)) this.time.at(at_ms, deliver);
    else {
      this.#arrivals.set(way, in_order_ms);
      this.time.at(in_order_ms, deliver);
    }
    if (!this.draw.chance(repeated)) return;
    this.facts.repeated += 1;
    this.time.at(in_order_ms + this.draw.skewed(0, 3_000), deliver);
  }
}
