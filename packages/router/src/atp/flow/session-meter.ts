import type { AccountLedger, WindowSign } from '@atp-router/flow';
import type { Clock, Timers } from '@atp-router/kernel';
import type { Payload } from '@atp-router/wire';
import { sessionAccount } from '../../generation/accounts.ts';
import type { TaskStream } from '../task-stream.ts';
import { type BudgetReason, BudgetTeller, budgetLeft } from './budget-teller.ts';
import type { Pressure, SessionName } from './pressure.ts';
import type { SessionWindows } from './session-windows.ts';
import { watchedStream } from './watched-stream.ts';

/** What flow control does with one session. */
export interface SessionPorts {
  /** What `windowOf` says has changed. */
  setWindow(): void;
  setCrowded(is_crowded: boolean): void;
  /** On stream 0. False: there is no room for it now. */
  tell(payload: Payload): boolean;
}

/** What all sessions have in common. */
export interface AllSessions {
  readonly parts: { readonly clock: Clock; readonly timers: Timers; readonly accounts: AccountLedger };
  readonly windows: SessionWindows;
  readonly pressure: Pressure;
  /** Calls in flight that the limits of a session allow. */
  mostOf(session: SessionName): number;
}

/** Follows the tasks of one session, and tells it what follows for its window, its marks, and its tenant's budget. */
export class SessionMeter {
  readonly #session: SessionName;
  readonly #account: string;
  readonly #flow: AllSessions;
  readonly #ports: SessionPorts;
  readonly #onClosed: () => void;
  readonly #budget: BudgetTeller;
  #tasks = 0;
  /** Who never asks for anything need not know what is left. */
  #has_asked = false;
  #is_crowded = false;
  #is_closed = false;

  constructor(session: SessionName, flow: AllSessions, ports: SessionPorts, onClosed: () => void) {
    const { tenant, session_id } = session;
    const { clock, timers, accounts } = flow.parts;
    this.#session = session;
    this.#account = sessionAccount(tenant, session_id);
    this.#flow = flow;
    this.#ports = ports;
    this.#onClosed = onClosed;
    this.#budget = new BudgetTeller({
      ...{ clock, timers },
      left: () => budgetLeft(accounts, tenant, clock.now_ms()),
      send: (payload) => ports.tell(payload),
    });
  }

  /** Starts a task on the stream, and follows it to its end. What `start` throws is thrown. */
  task(stream: TaskStream, start: (watched: TaskStream) => void): void {
    this.#tasks += 1;
    this.#has_asked = true;
    this.refreshCrowded();
    let is_over = false;
    const end = (last: Payload | undefined): void => {
      if (is_over) return;
      is_over = true;
      this.#ended(last);
    };
    try {
      start(watchedStream(stream, end));
    } catch (thrown) {
      end(undefined);
      throw thrown;
    }
  }

  /** Something happened that says how much the session bears. */
  sign(sign: WindowSign): void {
    if (this.#is_closed) return;
    const { windows, parts } = this.#flow;
    const most = this.#flow.mostOf(this.#session);
    const is_other = windows.ended(this.#account, sign, this.#tasks, most, parts.clock.mono_ms());
    if (is_other) this.#ports.setWindow();
  }

  budgetChanged(reason: BudgetReason): void {
    if (this.#has_asked && !this.#is_closed) this.#budget.changed(reason);
  }

  refreshCrowded(): void {
    const is_crowded = this.#flow.pressure.concerns(this.#session, this.#tasks > 0);
    if (is_crowded === this.#is_crowded || this.#is_closed) return;
    this.#is_crowded = is_crowded;
    this.#ports.setCrowded(is_crowded);
  }

  close(): void {
    if (this.#is_closed) return;
    this.#is_closed = true;
    this.#budget.close();
    this.#flow.windows.forget(this.#account);
    this.#onClosed();
  }

  #ended(last: Payload | undefined): void {
    const sign = signOf(last);
    if (sign !== undefined) this.sign(sign);
    this.#tasks -= 1;
    this.refreshCrowded();
    this.budgetChanged('task_ended');
  }
}

/** Undefined: it says nothing of load. */
function signOf(last: Payload | undefined): WindowSign | undefined {
  if (last?.type === 'agent.result.final') return 'timely';
  const code = (last?.content as { readonly code?: unknown } | undefined)?.code;
  return last?.type === 'error' && code === 'ETIMEOUT' ? 'timeout' : undefined;
}
