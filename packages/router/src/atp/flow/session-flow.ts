import type { AccountLedger, WindowSign } from '@atp-router/flow';
import { DEFAULT_WATERMARK } from '@atp-router/flow';
import { type Clock, type Timer, type Timers, untilNextUtcDay_ms } from '@atp-router/kernel';
import { smallerWindow } from '@atp-router/session';
import type { Window } from '@atp-router/wire';
import type { Gate, GateTicket } from '../../engine/gate.ts';
import type { TargetWindows } from '../../engine/target-windows.ts';
import { levelOf, sessionAccount } from '../../generation/accounts.ts';
import type { Generation } from '../../generation/generation.ts';
import type { BudgetReason } from './budget-teller.ts';
import { Pressure, type SessionName } from './pressure.ts';
import { type AllSessions, SessionMeter, type SessionPorts } from './session-meter.ts';
import { SESSION_CALLS_MAX, SessionWindows } from './session-windows.ts';

export interface SessionFlowParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly accounts: AccountLedger;
  readonly gate: Gate;
  readonly windows: Pick<TargetWindows, 'options'>;
  /** In force. */
  readonly generation: () => Generation;
  readonly congested: (sign: WindowSign) => void;
}

/**
 * Flow control of the router, as its sessions see it: their windows, the pressure on queues that hold their calls up, and
 * the budgets of their tenants. One for all sessions of a process.
 */
export class SessionFlow implements AllSessions {
  readonly parts: SessionFlowParts;
  readonly windows: SessionWindows;
  readonly pressure: Pressure = new Pressure();
  readonly #meters: Map<string, SessionMeter> = new Map();
  #midnight: Timer | undefined;

  constructor(parts: SessionFlowParts) {
    this.parts = parts;
    const { accounts, gate, windows, congested } = parts;
    const opened = (account: string): void => gate.wake(account);
    this.windows = new SessionWindows({ accounts, options: () => windows.options, opened, congested });
    gate.listen({
      marked: (account, is_high) => this.marked(account, is_high),
      decided: (ticket, mono_ms) => this.#decided(ticket, mono_ms),
    });
    // What began before anybody listened.
    for (const { account, mark } of gate.pools()) if (mark.is_high) this.pressure.marked(account, true);
  }

  /** What a session may have outstanding: the least of all windows above it, and of its own that follows its calls. */
  windowOf(session: SessionName): Window {
    const limits = this.parts.generation().tenants.get(session.tenant)?.session_window ?? {};
    const { max_parallel, max_tokens, max_usd_micros } = limits;
    const own = this.windows.find(sessionAccount(session.tenant, session.session_id));
    const window = {
      ...bounded('max_parallel', max_parallel, SESSION_CALLS_MAX),
      ...bounded('max_tokens', max_tokens, 10_000_000),
      ...bounded('max_usd_micros', max_usd_micros, 10_000_000_000),
    };
    return own === undefined ? window : smallerWindow(window, { max_parallel: own });
  }

  /** Calls in flight that the limits of a session allow. */
  mostOf({ tenant }: SessionName): number {
    return Math.min(
      SESSION_CALLS_MAX,
      this.parts.generation().tenants.get(tenant)?.session_window.max_parallel ?? Infinity,
    );
  }

  open(session: SessionName, ports: SessionPorts): SessionMeter {
    const account = sessionAccount(session.tenant, session.session_id);
    const meter: SessionMeter = new SessionMeter(session, this, ports, () => {
      if (this.#meters.get(account) === meter) this.#meters.delete(account);
      if (this.#meters.size === 0) this.#stopWaiting();
    });
    this.#meters.set(account, meter);
    this.#armMidnight();
    return meter;
  }

  /** The configuration has changed. Windows are told by whoever knows all sessions. */
  refresh(): void {
    this.windows.configure();
    this.#budgets('limit_changed');
  }

  /** Pressure on the queue of an account begins, or is over. */
  marked(account: string, is_high: boolean): void {
    this.pressure.marked(account, is_high);
    if (levelOf(account) === 'session') this.#meters.get(account)?.refreshCrowded();
    else for (const meter of this.#meters.values()) meter.refreshCrowded();
  }

  #budgets(reason: BudgetReason): void {
    for (const meter of this.#meters.values()) meter.budgetChanged(reason);
  }

  /** A wait beyond the high mark tells the session of the call to send less. */
  #decided({ parts, since_mono_ms }: GateTicket, mono_ms: number): void {
    if (mono_ms - since_mono_ms <= DEFAULT_WATERMARK.high_ms) return;
    for (const part of parts) {
      if (part.kind !== 'reserve') continue;
      for (const account of part.accounts) this.#meters.get(account)?.sign('latency');
    }
  }

  /** Budgets of the day are whole again at midnight. */
  #armMidnight(): void {
    const { clock, timers } = this.parts;
    this.#midnight ??= timers.after(untilNextUtcDay_ms(clock.now_ms()), () => {
      this.#midnight = undefined;
      this.#budgets('new_day');
      if (this.#meters.size > 0) this.#armMidnight();
    });
  }

  #stopWaiting(): void {
    this.#midnight?.cancel();
    this.#midnight = undefined;
  }
}

/** The protocol's largest window is less than what an operator may allow. */
function bounded(name: keyof Window, value: number | undefined, max: number): Window {
  return value === undefined ? {} : { [name]: Math.min(max, Math.floor(value)) };
}
