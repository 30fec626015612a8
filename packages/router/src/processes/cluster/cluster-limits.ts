import { type Cluster, type Config, valkeyCluster } from '@atp-router/adapters';
import {
  type AccountLedger,
  type BeatAnswer,
  DEFAULT_CREDIT,
  DEFAULT_ELECTION,
  Election,
  isOwnerMessage,
  isWorkerMessage,
  type OwnerMessage,
  type WorkerMessage,
} from '@atp-router/flow';
import type { AtpError } from '@atp-router/kernel';
import type { FlowWatch } from '../../engine/gate.ts';
import type { Ambient } from '../../engine/ports.ts';
import { Alarm } from '../../engine/alarm.ts';
import type { Limits } from '../limits.ts';
import type { OwnerGateParts } from '../owner-gate.ts';
import type { Pace } from '../pace.ts';
import { Addresses } from './addresses.ts';
import { ClusterGate } from './cluster-gate.ts';
import { Inbox } from './inbox.ts';
import { KeptTotals } from './kept-totals.ts';
import { LocalWorkers } from './local-workers.ts';
import { type ClusterView, NO_STATS, WORDS } from './view.ts';
import { addressOf, type Envelope, memberOfAddress, memberOfWorker, toAllOf, toLeader, toMember } from './envelope.ts';

/** Before the keys of clusters that do not say another one. */
const PREFIX = 'atp';

export interface ClusterLimitsParts {
  readonly config: NonNullable<Config['cluster']>;
  readonly member_id: string;
  /** Of this process and no other before. */
  readonly incarnation: number;
  /** Workers of this machine that may hold credit. */
  readonly workers: readonly string[];
  readonly accounts: AccountLedger;
  readonly ambient: Ambient;
  readonly inherited: OwnerGateParts['inherited'];
  readonly watch?: FlowWatch | undefined;
  /** To a worker of this machine. */
  readonly deliver: (message: OwnerMessage) => void;
  /** What another machine's workers tell whoever holds the limits, beside credit. */
  readonly onTold: (worker: string, kind: string, body: unknown) => void;
  /** A worker of another machine is not heard of any more. */
  readonly onGone: (worker: string) => void;
  /** A worker of another machine is heard of for the first time, or through another process. */
  readonly onEntered: (worker: string) => void;
  /** What whoever holds the limits tells all, beside credit. Returns whether it is understood. */
  readonly onAnnounced: (kind: string, body: unknown) => boolean;
  /** This process begins to hold the limits. */
  readonly onLead: () => void;
  /** Whoever holds the limits may not know any more what was told, or others what this one did that does. */
  readonly onForgotten: () => void;
  readonly onProblem: (problem: AtpError) => void;
  /** It held the limits, and does not any more: only another process may begin anew. */
  readonly onOver: (reason: string) => void;
  readonly pace?: Pace | undefined;
}

/**
 * The limits of several machines: one of their owner processes is elected and holds them, the others pass on what their
 * workers and the elected one tell each other. A worker does not notice which of the two its owner process is.
 */
export class ClusterLimits implements Limits {
  readonly gate: ClusterGate;
  readonly #parts: ClusterLimitsParts;
  readonly #self: string;
  readonly #election: Election;
  /** From the start on. */
  #cluster: Cluster | undefined;
  readonly #alarm: Alarm;
  readonly #locals: LocalWorkers;
  readonly #addresses: Addresses = new Addresses();
  readonly #inbox: Inbox;
  /** Its workers are known where machines meet until then, so that no new leader forgets what they hold. */
  #registered_mono_ms = Number.NEGATIVE_INFINITY;
  #leader: { readonly address: string; readonly epoch: number } | undefined;
  #elections_total = 0;
  /** While it leads. */
  #kept: KeptTotals | undefined;
  #is_closed = false;

  constructor(parts: ClusterLimitsParts) {
    const { accounts, ambient, inherited, watch, member_id, incarnation, pace } = parts;
    this.#parts = parts;
    this.#self = addressOf(member_id, incarnation);
    this.#election = new Election(this.#self, pace?.election);
    this.#locals = new LocalWorkers(parts.deliver);
    this.#inbox = new Inbox((from, envelope) => this.#open(from, envelope), ambient.clock, parts.onProblem);
    this.gate = new ClusterGate({
      ...{ accounts, ambient, inherited, watch, options: pace?.credit },
      send: (message) => this.#send(message),
      onDeposed: (epoch) => this.#heard(epoch),
    });
    this.#alarm = new Alarm(ambient, () => this.#turn());
  }

  start(): void {
    const { config, pace, onProblem } = this.#parts;
    this.#cluster = valkeyCluster({
      ...{ url: config.url, ca: config.ca, prefix: config.prefix ?? PREFIX, self: this.#self, onProblem },
      settled_ms: pace?.election?.settled_ms ?? DEFAULT_ELECTION.settled_ms,
      onMessages: (from, messages) => this.#inbox.take(from, messages),
      onLost: () => {
        if (!this.leads) this.#locals.call(this.#leader?.epoch ?? 0);
        this.#kept?.lost();
        this.#parts.onForgotten();
      },
    });
    this.#turn();
  }

  receive(message: WorkerMessage): void {
    this.#locals.note(message);
    this.#heard(message.epoch);
    const { own } = this.gate;
    if (own !== undefined) own.receive(message);
    else this.#toLeader('credit', message.worker, message);
  }

  /** It holds the limits of all machines. */
  get leads(): boolean {
    return this.gate.own !== undefined;
  }

  /** To the owner processes of all machines that are heard of, from the one that holds the limits. */
  announce(kind: string, body: unknown): void {
    for (const address of this.#addresses.all()) this.#cluster?.send(address, toAllOf(kind, body));
  }

  /** The same to that of one worker. */
  sendTo(worker: string, kind: string, body: unknown): void {
    const address = this.#addresses.of(worker);
    if (address !== undefined) this.#cluster?.send(address, toAllOf(kind, body));
  }

  /** What a worker of this machine has to say to whoever holds the limits; nothing where that is this process. */
  tell(worker: string, kind: string, body: unknown): void {
    if (!this.leads) this.#toLeader(kind, worker, body);
  }

  view(): ClusterView {
    const leader = this.#leader && memberOfAddress(this.#leader.address);
    const { own } = this.gate;
    return {
      ...(this.#cluster?.stats() ?? NO_STATS),
      ...{ role: own === undefined ? 'relay' : 'leader', leader, epoch: this.#leader?.epoch ?? 0 },
      is_recovering: own?.owner.is_recovering === true,
      elections_total: this.#elections_total,
    };
  }

  /** Whoever is next need not wait for its tenure to be over: nothing is decided here from now on. */
  async close(): Promise<void> {
    if (this.#is_closed) return;
    this.#is_closed = true;
    this.#alarm.close();
    this.gate.close();
    const { state } = this.#election;
    if (state.kind === 'leads') await this.#cluster?.leave(state.epoch).catch(() => undefined);
    await this.#cluster?.close();
  }

  #turn(): void {
    if (this.#is_closed) return;
    const beat = this.#election.beat(this.#mono_ms);
    this.#follow();
    if (beat !== undefined && this.#cluster !== undefined) {
      this.#cluster.beat(beat, this.#parts.workers).then(
        (answer) => this.#answered(answer),
        () => this.#unanswered(),
      );
    }
    this.#arm();
  }

  #answered(answer: BeatAnswer): void {
    if (this.#is_closed) return;
    const mono_ms = this.#mono_ms;
    const { tenure_ms = DEFAULT_ELECTION.tenure_ms } = this.#parts.pace?.election ?? {};
    this.#registered_mono_ms = mono_ms + tenure_ms;
    const state = this.#election.answered(answer, mono_ms);
    const leads = state.kind === 'leads' && this.gate.own === undefined;
    if (leads) {
      const { epoch, tenure_mono_ms } = state;
      const workers = answer.workers?.map((name) => ({ name, incarnation: 0 }));
      this.#parts.onLead();
      this.gate.lead({ epoch, tenure_mono_ms, workers });
      const { own } = this.gate;
      if (own !== undefined && this.#cluster !== undefined) this.#kept = new KeptTotals(this.#cluster, own);
    }
    this.#kept?.turn(this.#parts.ambient.clock.now_ms());
    const { leader, epoch, is_free } = answer;
    this.#setLeader(leader === undefined || is_free ? undefined : { address: leader, epoch });
    this.#follow();
    if (this.gate.own !== undefined)
      for (const worker of this.#addresses.silent(mono_ms - this.#lease_ms)) this.#parts.onGone(worker);
    this.#arm();
  }

  #unanswered(): void {
    if (this.#is_closed) return;
    this.#election.unanswered(this.#mono_ms);
    this.#follow();
    this.#arm();
  }

  /** Does what the election says. */
  #follow(): void {
    const { state } = this.#election;
    if (state.kind === 'leads') this.gate.own?.owner.renewTenure(state.tenure_mono_ms);
    if (state.kind !== 'over' || this.gate.own === undefined) return;
    this.gate.close();
    this.#kept = undefined;
    this.#alarm.close();
    this.#parts.onOver(WORDS[state.reason]);
  }

  #setLeader(leader: { readonly address: string; readonly epoch: number } | undefined): void {
    const before = this.#leader;
    if (before?.epoch === leader?.epoch && before?.address === leader?.address) return;
    this.#leader = leader;
    if (leader === undefined) return;
    this.#elections_total += 1;
    this.#locals.call(leader.epoch);
    this.#parts.onForgotten();
  }

  #heard(epoch: number): void {
    this.#election.heard(epoch);
    this.#follow();
  }

  #toLeader(kind: string, worker: string, body: unknown): void {
    const leader = this.#leader?.address;
    // A leader that is not elected any more, or this process before it knows that it is, has no use for it.
    if (leader === undefined || leader === this.#self || this.#mono_ms >= this.#registered_mono_ms) return;
    this.#cluster?.send(leader, toLeader(kind, worker, body));
  }

  /** From the limits here to a worker, wherever it is. */
  #send(message: OwnerMessage): void {
    if (memberOfWorker(message.worker) === this.#parts.member_id) this.#parts.deliver(message);
    else {
      const address = this.#addresses.of(message.worker);
      if (address !== undefined) this.#cluster?.send(address, toMember(message));
    }
  }

  /** Returns whether it is what it is to be: who is not whom it is for may leave it. */
  #open(from: string, { to, kind, worker, body }: Envelope): boolean {
    if (this.#is_closed) return true;
    if (to === 'member') return kind === 'credit' ? this.#toldByLeader(body) : this.#announced(from, kind, body);
    // Members speak for their own workers only.
    if (memberOfWorker(worker) !== memberOfAddress(from)) return false;
    if (this.gate.own === undefined) return true;
    if (kind !== 'credit') {
      this.#parts.onTold(worker, kind, body);
      return true;
    }
    if (!isWorkerMessage(body) || body.worker !== worker) return false;
    const is_new = this.#addresses.note(worker, from, this.#mono_ms);
    this.#heard(body.epoch);
    this.gate.own?.receive(body);
    if (is_new && this.leads) this.#parts.onEntered(worker);
    return true;
  }

  #announced(from: string, kind: string, body: unknown): boolean {
    // Who does not hold the limits any more, or does not yet, has nothing to say.
    return from !== this.#leader?.address || this.leads || this.#parts.onAnnounced(kind, body);
  }

  #toldByLeader(body: unknown): boolean {
    if (!isOwnerMessage(body)) return false;
    if (memberOfWorker(body.worker) !== this.#parts.member_id) return true;
    this.#heard(body.epoch);
    this.#parts.deliver(body);
    return true;
  }

  #arm(): void {
    this.#alarm.arm(this.#election.due_mono_ms);
  }

  get #lease_ms(): number {
    const { ttl_ms, margin_ms } = { ...DEFAULT_CREDIT, ...this.#parts.pace?.credit };
    return ttl_ms + margin_ms;
  }

  get #mono_ms(): number {
    return this.#parts.ambient.clock.mono_ms();
  }
}
