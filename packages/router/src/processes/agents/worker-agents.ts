import {
  listenForPipes,
  openPipe,
  type Pipe,
  type PipeHandlers,
  type PipeServer,
  systemClock,
  systemTimers,
  type UpstreamExchange,
  type UpstreamHandler,
} from '@atp-router/adapters';
import type { AtpError, Timer, Timers } from '@atp-router/kernel';
import type { AgentHub } from '../../atp/agents/agent-hub.ts';
import { checkAgent } from '../../atp/agents/check.ts';
import type { AgentCheck } from '../../atp/agents/checked.ts';
import type { AgentsElsewhere, AgentWork } from '../../atp/agents/elsewhere.ts';
import { blamedOf } from '../../atp/agents/exchange-with.ts';
import type { AgentInstance, Nobody } from '../../atp/agents/roster.ts';
import type { OnProblem } from '../../options.ts';
import { workerSocket } from '../seat.ts';
import { Announcer } from './announcer.ts';
import { Carrier } from './carrier.ts';
import { type AgentsChange, entryOf, isAgentsOf } from './changes.ts';
import { errandOf } from './errand.ts';
import { FarExchange, type FarOutcome } from './far-exchange.ts';
import { OnTheWay } from './on-the-way.ts';
import { AgentsRegistry, idAt, workerOf } from './registry.ts';

/** A new owner has heard of all workers that live within this: as long as it waits for them itself. */
const RENEWED_MS = 11_000;

export interface WorkerAgentsParts {
  readonly timers: Timers;
  readonly hub: AgentHub;
  readonly n: number;
  /** Of all processes. */
  readonly shared_dir: string;
  readonly version: string;
  /** Tells the owner; false when there is no way to it. */
  readonly send: (change: AgentsChange) => boolean;
  /** Work was given to another process, and ended so. */
  readonly onOutcome: (outcome: FarOutcome) => void;
  /** What others ask of this process beside work; undefined: it is work. */
  readonly takes: (pipe: Pipe, hello: unknown) => PipeHandlers | undefined;
  readonly onProblem: OnProblem | undefined;
}

/** A worker's part in that all workers' agents serve all calls: it knows those of others, and carries to its own. */
export class WorkerAgents implements AgentsElsewhere {
  readonly carrier: Carrier;
  readonly #parts: WorkerAgentsParts;
  readonly #registry: AgentsRegistry = new AgentsRegistry();
  readonly #on_the_way: OnTheWay = new OnTheWay();
  readonly #announcer: Announcer;
  readonly #renewed: Set<number> = new Set();
  #agents: readonly AgentInstance[] | undefined;
  #server: PipeServer | undefined;
  #renewing: Timer | undefined;

  private constructor(parts: WorkerAgentsParts) {
    const { hub, send, timers } = parts;
    this.#parts = parts;
    this.carrier = new Carrier(hub);
    this.#announcer = new Announcer({
      timers,
      ids: () => hub.roster.all().map(({ id }) => id),
      entry: (id) => entryOf(hub, id),
      send,
    });
  }

  /** Rejects with `config_invalid` when the socket cannot be listened on. */
  static async open(parts: WorkerAgentsParts): Promise<WorkerAgents> {
    const agents = new WorkerAgents(parts);
    await agents.#listen();
    parts.hub.join(agents);
    return agents;
  }

  get agents(): readonly AgentInstance[] {
    this.#agents ??= this.#registry.all.map((entry) => this.#on_the_way.with(entry));
    return this.#agents;
  }

  takes(id: string, beyond: boolean = false): boolean {
    const entry = this.#registry.get(id);
    return entry !== undefined && this.#on_the_way.room(entry, beyond) > 0;
  }

  /** What it has told of may be on the way to it: more than one that is let in elsewhere may have been. */
  isShort(id: string, beyond: boolean): boolean {
    const entry = this.#registry.get(id);
    return entry !== undefined && (entry.is_short || (beyond ? entry.gold_room : entry.room) > 0);
  }

  window(id: string): number | undefined {
    return this.#registry.get(id)?.window ?? undefined;
  }

  send(
    agent: AgentInstance,
    work: AgentWork,
    handler: UpstreamHandler,
    onRefused: (why: Nobody) => void,
  ): UpstreamExchange {
    const { provider, caller } = work;
    const sent = this.#on_the_way.add(agent.id, caller.expected);
    this.#agents = undefined;
    const far = new FarExchange({
      ...{ handler, onRefused, blamed: blamedOf(provider, caller.upstream_model) },
      onTaken: (id, number) => {
        this.#agents = undefined;
        this.#on_the_way.arrived(sent, `${agent.at}/${id}`, number, this.#registry.get(`${agent.at}/${id}`));
      },
      onOver: (outcome) => {
        this.#agents = undefined;
        this.#on_the_way.end(sent);
        this.#parts.onOutcome(outcome);
      },
    });
    far.begin((handlers) =>
      openPipe({
        ...{ path: this.#socketOf(agent), version: this.#parts.version, timers: systemTimers, clock: systemClock },
        ...{
          hello: errandOf(work, this.#parts.hub.options.node_id),
          handlers,
          onProblem: (problem) => this.#problem(problem),
        },
      }),
    );
    return far;
  }

  /** Operators ask the owner. */
  check(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** The owner asks for an operator. */
  async checkHere(id: unknown): Promise<AgentCheck | undefined> {
    const reached = this.#parts.hub.reach(String(id));
    return reached && (await checkAgent(this.#parts.hub, reached));
  }

  changed(id: string): void {
    this.#announcer.changed(id);
  }

  /** There is an owner. What an earlier one told holds until this one has had the time to hear of all. */
  up(): void {
    this.#renewed.clear();
    this.#renewing?.cancel();
    this.#renewing = this.#parts.timers.after(RENEWED_MS, () => this.#forgetOthers());
    this.#announcer.up();
  }

  down(): void {
    this.#renewing?.cancel();
    this.#announcer.down();
  }

  /** The owner tells of agents of another worker. */
  told(body: unknown): void {
    if (!isAgentsOf(body) || body.worker === this.#parts.n) return;
    const { worker, change } = body;
    if (change.is_all) this.#renewed.add(worker);
    this.#registry.take(worker, change);
    for (const { id } of change.set) this.#seen(worker, id);
    this.#changed();
  }

  async close(): Promise<void> {
    this.#renewing?.cancel();
    this.#announcer.close();
    this.carrier.abortAll();
    await this.#server?.close();
  }

  async #listen(): Promise<void> {
    const { shared_dir, n, version } = this.#parts;
    this.#server = await listenForPipes({
      ...{ path: workerSocket(shared_dir, n), version, timers: systemTimers, clock: systemClock },
      onProblem: (problem) => this.#problem(problem),
      onPipe: (pipe, hello) => this.#parts.takes(pipe, hello) ?? this.carrier.take(pipe, hello),
    });
  }

  #seen(worker: number, id: string): void {
    const entry = this.#registry.get(idAt(worker, id));
    if (entry !== undefined) this.#on_the_way.told(entry);
  }

  #forgetOthers(): void {
    for (const worker of this.#registry.workers) if (!this.#renewed.has(worker)) this.#registry.forget(worker);
    this.#changed();
  }

  #changed(): void {
    this.#agents = undefined;
    this.#on_the_way.keep(new Set(this.#registry.all.map(({ id }) => id)));
  }

  #socketOf({ at = '' }: AgentInstance): string {
    return workerSocket(this.#parts.shared_dir, workerOf(at) ?? 0);
  }

  #problem(problem: AtpError): void {
    this.#parts.onProblem?.('workers', problem);
  }
}
