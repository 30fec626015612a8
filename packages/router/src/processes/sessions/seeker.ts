import { openPipe, type PipeHandlers, systemClock } from '@atp-router/adapters';
import { AtpError, type Timer, type Timers } from '@atp-router/kernel';
import type { RawCarrier } from '../../atp/host-types.ts';
import type { Attached, First, SessionsElsewhere } from '../../atp/hub-types.ts';
import type { OnProblem } from '../../options.ts';
import { workerSocket } from '../seat.ts';
import { Away } from './away.ts';
import type { Carriage, Knock } from './carriage.ts';
import { type FarAnswer, FarSession } from './far-session.ts';

/** Clients whose session is being asked for at once: anybody who can connect may ask with a token that is none. */
const QUESTIONS_MAX = 256;
/** Connections that are carried from here at once. Each has two file descriptors here, and one at the other worker. */
const CARRIED_MAX = 4_096;
/** A worker that does not answer within this is not well. The client has come back before the ten seconds of its own are over. */
const ANSWER_MS = 3_000;

/** What came of a resumption that was asked for elsewhere. */
export const SEEK_OUTCOMES = ['carried', 'none', 'unknown', 'no_room'] as const;

export type SeekOutcome = (typeof SEEK_OUTCOMES)[number];

export interface SeekerParts {
  readonly timers: Timers;
  /** Numbers of the other workers. */
  readonly others: readonly number[];
  /** Of all processes. */
  readonly shared_dir: string;
  readonly version: string;
  readonly onOutcome: (outcome: SeekOutcome) => void;
  readonly onProblem: OnProblem | undefined;
}

/** Asks the other workers for sessions that this one does not have, and carries their connections there. */
export class Seeker implements SessionsElsewhere {
  readonly #parts: SeekerParts;
  readonly #away: Away;
  readonly #carried: Set<FarSession> = new Set();
  #questions = 0;
  #is_leaving = false;

  constructor(parts: SeekerParts) {
    this.#parts = parts;
    this.#away = new Away({ timers: parts.timers, clock: systemClock, knock: (n) => this.#knock(n) });
  }

  /** Connections that are carried now. */
  get size(): number {
    return this.#carried.size;
  }

  async find(first: First): Promise<Attached | undefined> {
    const { raw } = first.carrier;
    if (raw === undefined || this.#parts.others.length === 0) return undefined;
    if (this.#questions >= QUESTIONS_MAX || this.#carried.size >= CARRIED_MAX) {
      this.#parts.onOutcome('no_room');
      throw new AtpError('backpressure', 'Too many sessions are looked for at once.', { retry_after_ms: 1_000 });
    }
    this.#questions += 1;
    try {
      const found = await this.#ask(first, raw);
      this.#parts.onOutcome(typeof found === 'string' ? found : 'carried');
      if (found === 'none') return undefined;
      if (found === 'unknown') throw new AtpError('draining', 'Where the session is cannot be known now. Come again.');
      return found;
    } finally {
      this.#questions -= 1;
    }
  }

  leave(): void {
    this.#is_leaving = true;
    this.#away.close();
    for (const far of [...this.#carried]) far.close('going_away');
  }

  /** Whoever takes it has it: only one session knows the token. */
  #ask(first: First, raw: RawCarrier): Promise<FarSession | 'none' | 'unknown'> {
    const { carrier, owner: principal, frame, bytes } = first;
    const { remote_address } = carrier;
    const hello: Carriage = { carried: 'session', principal, remote_address, first: { frame, bytes } };
    return new Promise((resolve) => {
      const asked = new Map<number, FarSession>();
      let is_unknown = false;
      const settle = (found: FarSession | 'none' | 'unknown'): void => {
        timer.cancel();
        for (const far of asked.values()) if (far !== found) far.giveUp();
        asked.clear();
        resolve(found);
      };
      const timer: Timer = this.#parts.timers.after(ANSWER_MS, () => settle('unknown'));
      const onAnswer = (n: number, far: FarSession, answer: FarAnswer): void => {
        const is_missed = this.#noted(n, answer);
        if (!asked.has(n)) return;
        if (answer === 'taken' && this.#carry(far)) {
          settle(far);
          return;
        }
        asked.delete(n);
        is_unknown ||= answer === 'later' || answer === 'taken' || is_missed;
        if (asked.size === 0) settle(is_unknown ? 'unknown' : 'none');
      };
      for (const n of this.#parts.others) {
        const far: FarSession = new FarSession({
          ...{ carrier, raw, onAnswer: (answer) => onAnswer(n, far, answer) },
          onOver: () => this.#carried.delete(far),
        });
        asked.set(n, far);
        far.begin((handlers) => this.#open(n, hello, handlers));
      }
    });
  }

  /** False: this process leaves, and the connection is closed for that. */
  #carry(far: FarSession): boolean {
    this.#carried.add(far);
    if (this.#is_leaving) far.close('going_away');
    return !this.#is_leaving;
  }

  /** Whether it is gone, and may have the session when it is back. */
  #noted(n: number, answer: FarAnswer): boolean {
    if (answer === 'gone') this.#away.lost(n);
    else this.#away.back(n);
    return this.#away.isExpected(n);
  }

  #open(n: number, hello: Carriage | Knock, handlers: PipeHandlers): ReturnType<typeof openPipe> {
    const { shared_dir, version, timers, onProblem } = this.#parts;
    return openPipe({
      ...{ path: workerSocket(shared_dir, n), version, timers, clock: systemClock, hello, handlers },
      onProblem: (problem) => onProblem?.('workers', problem),
    });
  }

  #knock(n: number): Promise<boolean> {
    return new Promise((resolve) => {
      const pipe = this.#open(
        n,
        { carried: 'knock' },
        {
          onMessage: () => {
            pipe.end();
            resolve(true);
          },
          onDrain: () => undefined,
          onGone: () => resolve(false),
        },
      );
    });
  }
}
