import {
  AccountLedger,
  type AccountLimits,
  isWorkerMessage,
  type OwnerMessage,
  type Part,
  type WorkerMessage,
} from '@atp-router/flow';
import { idSource, seededRng } from '@atp-router/kernel';
import { Faults } from '../../../src/engine/faults.ts';
import type { GateTicket, Holder } from '../../../src/engine/gate.ts';
import { Starts } from '../../../src/engine/starts.ts';
import { LeasedGate } from '../../../src/processes/leased-gate.ts';
import { OwnerGate } from '../../../src/processes/owner-gate.ts';
import { ManualTime } from '../../shared/support/time.ts';

/** Messages that may pass at one moment: two ends that go on beyond would not come to rest at all. */
const AT_ONCE = 500;

/** The gates of an owner and one worker, whose messages arrive when they are let through. */
export class OwnerAndWorker {
  readonly time: ManualTime = new ManualTime(Date.parse('2027-03-01T12:00:00Z'));
  readonly at_owner: AccountLedger = new AccountLedger();
  readonly at_worker: AccountLedger = new AccountLedger();
  readonly worker: LeasedGate;
  readonly owner: OwnerGate;
  /** What the worker said to the owner, by type, in order. */
  readonly said: string[] = [];
  /** What the owner does not take for a message. */
  readonly refused: unknown[] = [];
  readonly #mail: (() => void)[] = [];

  constructor(limits: Readonly<Record<string, AccountLimits>>) {
    for (const [account, own] of Object.entries(limits))
      for (const accounts of [this.at_owner, this.at_worker]) accounts.setLimits(account, own);
    const rng = seededRng(1);
    const ambient = { clock: this.time, timers: this.time, rng, call_ids: idSource('c_', rng) };
    this.owner = new OwnerGate({
      ...{ accounts: this.at_owner, ambient, epoch: 1, workers: [] },
      send: (message: OwnerMessage) => this.#mail.push(() => this.worker.receive(message)),
      onDeposed: (epoch) => {
        throw new Error(`deposed by ${epoch}`);
      },
    });
    const starts = new Starts(
      new Faults((fault) => {
        throw fault;
      }),
    );
    this.worker = new LeasedGate({
      ...{ accounts: this.at_worker, ambient, starts, worker: 'w1', incarnation: 1, inherited: [] },
    });
    this.worker.up((message: WorkerMessage) => {
      this.said.push(message.body.type);
      this.#mail.push(() => {
        if (isWorkerMessage(message)) this.owner.receive(message);
        else this.refused.push(message);
      });
    });
    this.settle();
  }

  /** Until nothing is on its way. */
  settle(): void {
    for (let n = 0; this.#mail.length > 0; n += 1) {
      if (n === AT_ONCE) throw new Error(`no end of messages: ${this.said.slice(-10).join()}`);
      this.#mail.shift()?.();
    }
  }

  pass(by_ms: number): void {
    for (let left_ms = by_ms; left_ms > 0; left_ms -= 100) {
      this.time.advance(Math.min(left_ms, 100));
      this.settle();
    }
  }

  /** A call, as an engine asks for it, and what it was told. */
  ask(accounts: readonly string[], wait_ms?: number): Asked {
    const told: string[] = [];
    const owner: Holder = {
      decided: (ticket) => void told.push(ticket.state.kind),
      preempted: (account) => void told.push(`preempted ${account}`),
      lapsed: () => void told.push('lapsed'),
    };
    const key = {
      qos: 'silver',
      tenant: 't',
      weight: 1,
      session: 's',
      tokens: 10,
      deadline_mono_ms: Infinity,
    } as const;
    const parts: Part[] = [{ kind: 'reserve', accounts, amounts: ONE, wait_ms }];
    return { ticket: this.worker.request({ owner, key, parts, is_preemptible: false, lease_ms: 30_000 }), told };
  }

  end({ ticket }: Asked): void {
    this.worker.settle(ticket, 0, ONE);
  }
}

export interface Asked {
  readonly ticket: GateTicket;
  readonly told: readonly string[];
}

const ONE = { calls: 1, tokens: 10, usd_nanos: 10 };
