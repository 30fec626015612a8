import { type Frame, hasFlag, type MessageId, type Window } from '@atp-router/wire';
import type { Outgoing, SessionEffect, SessionInput } from '../contract.ts';
import { KEYLESS } from '../core.ts';
import type { SimEnd } from './end.ts';
import type { Watcher } from './end-tools.ts';
import { SESSION_LIMITS } from '../limits.ts';
import { acksOf, FrameBook } from './frame-book.ts';
import { SIM_KEYS } from './keys.ts';
import { judgeMessages } from './judge-messages.ts';
import { type EndsView, MessageBook } from './message-book.ts';
import { opensStream, SIDES, type Side } from './network.ts';
import type { Setting } from './plan.ts';
import { QuietBook } from './quiet-book.ts';
import { FIRST_WINDOW, heldMax, UNSETTLED_MAX } from './session-machine.ts';
import { StatusBook } from './status-book.ts';
import type { SessionHeld } from '../view.ts';
import type { VirtualTime } from './time.ts';
import { TokenBook } from './token-book.ts';
import { WindowBook } from './window-book.ts';

export interface WatchOptions {
  readonly time: VirtualTime;
  readonly setting: Setting;
  readonly end: (side: Side) => SimEnd;
  readonly goodMs: () => number;
  readonly trace: ((line: string) => void) | undefined;
}

/** A consumer that takes longer fills every buffer, and what comes then is refused until it expires. */
const SLOW_MS = 100;
const PROBLEMS_MAX = 20;

/** Sees everything that goes into a session and comes out of it, and keeps the books in which it is judged. */
export class Watch implements Watcher {
  readonly problems: string[] = [];
  readonly messages: MessageBook;
  readonly frames: FrameBook;
  readonly tokens: TokenBook;
  readonly quiet: QuietBook;
  readonly statuses: StatusBook;
  readonly windows: WindowBook;
  /** The first frame of the server's present connection. */
  opening: Frame | undefined;
  resumptions = 0;
  readonly #options: WatchOptions;
  readonly #view: EndsView;
  readonly #aborted: Set<string> = new Set();
  readonly #closed: Record<Side, Set<string>> = { client: new Set(), server: new Set() };
  readonly #cut_off: Record<Side, boolean> = { client: false, server: false };

  readonly #is_keyless: Record<Side, boolean> = { client: false, server: false };

  constructor(options: WatchOptions) {
    const { time, setting, end } = options;
    this.#options = options;
    const broken = (what: string): void => this.broken(what);
    const life = (side: Side): number => end(side).life;
    const pendingMessages = (side: Side): number => setting.ends[side].pending_messages;
    this.#view = {
      time,
      life,
      pendingMessages,
      goodMs: options.goodMs,
      hasRoom: (side) => {
        const { consume_ms, consumes_from_ms } = setting.ends[side];
        return !setting.tight && consume_ms <= SLOW_MS && consumes_from_ms === 0;
      },
      heardMs: (side) => end(side).heard_ms,
      aborted: (stream_id) => this.#aborted.has(stream_id) || this.#aborted.has('0'),
      cutOff: (side) => this.#cut_off[side] || !end(side).established,
    };
    this.messages = new MessageBook(this.#view, broken);
    this.statuses = new StatusBook(broken);
    this.windows = new WindowBook(
      FIRST_WINDOW,
      {
        now_ms: () => time.now_ms,
        rate: (side) => setting.ends[side].drift.rate,
        establishedMs: (side) => (end(side).established ? end(side).established_ms : undefined),
      },
      broken,
    );
    const closedAt = (side: Side, stream_id: string): boolean => {
      const { store } = end(side);
      return this.#closed[side].has(stream_id) || store?.isClosed(stream_id, opensStream(side, stream_id)) === true;
    };
    this.frames = new FrameBook(
      this.messages,
      {
        ...{ life, closedAt, pendingMessages, statuses: this.statuses },
        established: (side) => end(side).established,
        store: (side) => end(side).store,
      },
      broken,
    );
    this.tokens = new TokenBook(broken);
    this.quiet = new QuietBook(time, broken);
  }

  input(side: Side, input: SessionInput): void {
    if (this.#options.trace) this.note(`${side} < ${shown(input)}`);
    if (input.type !== 'timeout' && input.type !== 'frame' && input.type !== 'saved') this.quiet.stir();
    if ('wall_ms' in input && input.wall_ms !== undefined) this.#setClock(side, input.wall_ms);
    if (input.type === 'frame') {
      this.frames.reached(side, input.frame);
      // S36: it is refused, and its stream aborted.
      const { ts = input.wall_ms, stream_id } = input.frame;
      if (Math.abs(input.wall_ms - ts) > SESSION_LIMITS.signature_skew_ms) this.#aborted.add(stream_id);
      this.#refusesLanes(side, input.frame);
      // S29: from then on, also of a stream of which nothing has come yet; but before the handshake nothing is read.
      if (hasFlag(input.frame, 'RST') && this.#options.end(side).established)
        this.#closed[side].add(input.frame.stream_id);
      if (side === 'server' && this.#options.end(side).established) this.tokens.followed(input.frame);
    }
    if (input.type === 'consumed') this.messages.consumed(side, input.id);
    if (input.type === 'status') this.statuses.said(side, input.status);
    this.windows.overdue(side);
    if (input.type === 'window') this.windows.set(side, input.window);
    if (input.type === 'reset') this.#aborted.add(input.stream_id);
  }

  /** S22: where there is no room for a lane although its messages are withdrawn, its stream is refused. */
  #refusesLanes(side: Side, frame: Frame): void {
    const withdrawn = acksOf(frame).filter((ack) => ack.withdrawn !== undefined && ack.persona_id !== undefined);
    if (withdrawn.length === 0) return;
    const { lanes = 0 } = this.#options.end(side).machine?.held() ?? {};
    if (lanes < heldMax(this.#options.setting).lanes) return;
    for (const { stream_id } of withdrawn) if (stream_id !== undefined) this.#aborted.add(stream_id);
  }

  effect(side: Side, effect: SessionEffect): void {
    if (this.#options.trace) this.note(`${side} > ${shown(effect)}`);
    if (effect.type !== 'send' && effect.type !== 'save') this.quiet.stir();
    switch (effect.type) {
      case 'send':
        this.#left(side, effect.frame);
        break;
      case 'deliver':
        if (this.#closed[side].has(effect.id.lane.stream_id) && !effect.again)
          this.broken(`${side} hands on a message of stream ${effect.id.lane.stream_id}, which is closed`);
        this.messages.deliver(side, effect.id, effect.frame, effect.fin, effect.again);
        break;
      case 'acknowledged':
        this.messages.settled(side, effect.id, 'acknowledged');
        break;
      case 'failed':
        if (effect.way === 'out') this.messages.settled(side, effect.id, effect.reason);
        else this.messages.failedIn(side, effect.id, effect.reason);
        break;
      case 'stream_closed':
        if (effect.error !== undefined) this.#aborted.add(effect.stream_id);
        this.#closed[side].add(effect.stream_id);
        break;
      case 'peer_status':
        this.statuses.heard(side, effect.status);
        break;
      case 'peer_window':
        this.windows.heard(side, effect.window);
        break;
      case 'established':
        if (side === 'client') this.windows.heard(side, effect.agreed.window);
        if (effect.resumed) this.resumptions += 1;
        break;
      case 'closed':
        if (!this.#options.end(side).established) this.cutOff(side);
        if (effect.error === KEYLESS && !this.#is_keyless[side]) this.broken(`${side} has a key, and ends the session`);
        break;
      default:
        break;
    }
  }

  /** S40: an end that has no key for its time may end the session. */
  #setClock(side: Side, wall_ms: number): void {
    this.#is_keyless[side] = this.#options.setting.signed && SIM_KEYS.signer(wall_ms) === undefined;
    if (this.#is_keyless[side]) this.#aborted.add('0');
  }

  /** Nothing more will be said. */
  judge(): void {
    judgeMessages(this.messages, this.#view, (what) => this.broken(what));
    const in_order = SIDES.every((side) => this.#options.end(side).state === 'closed' && !this.#cut_off[side]);
    if (!in_order || this.#aborted.has('0')) return;
    this.statuses.judge();
    this.windows.judge();
  }

  taken(side: Side, id: MessageId, message: Outgoing, fin: boolean): void {
    this.messages.took(side, id, message, fin);
    const unsettled = this.messages.open[side];
    if (unsettled > UNSETTLED_MAX) this.broken(`${side} has taken ${unsettled} messages that are not settled`);
  }

  holds(side: Side, held: SessionHeld): void {
    const most = heldMax(this.#options.setting);
    for (const what of ['bytes', 'lanes', 'gaps', 'resets', 'lingering', 'nonces'] as const)
      if (held[what] > most[what]) this.broken(`${side} holds ${held[what]} ${what}, and may hold ${most[what]}`);
  }

  broken(what: string): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push(`${Math.round(this.#options.time.now_ms)} ms: ${what}`);
    this.note(`BROKEN ${what}`);
  }

  note(line: string): void {
    this.#options.trace?.(`${this.#options.time.now_ms.toFixed(1)} ${line}`);
  }

  /** An end stops for good: what it did not settle, nobody will. */
  cutOff(side: Side): void {
    this.#cut_off[side] = true;
  }

  /** A crash: what was closed and not kept as closed is open again. */
  restarted(side: Side, kept: Window, isOver: (stream_id: string) => boolean): void {
    this.statuses.restarted(side);
    this.windows.restarted(side, kept);
    for (const stream_id of this.#closed[side]) if (!isOver(stream_id)) this.#closed[side].delete(stream_id);
  }

  #left(side: Side, frame: Frame): void {
    this.quiet.frame(side, this.messages.open.client + this.messages.open.server > 0);
    if (hasFlag(frame, 'RST')) {
      this.#aborted.add(frame.stream_id);
      // A stream that is refused was never open, and is closed from then on.
      this.#closed[side].add(frame.stream_id);
    }
    const is_answer = hasFlag(frame, 'SYN') && hasFlag(frame, 'ACK') && hasFlag(frame, 'CTRL');
    if (side === 'server' && is_answer) this.tokens.answered(this.opening, frame);
    this.windows.left(side, frame);
    this.frames.left(side, frame);
  }
}

function shown(thing: unknown): string {
  return JSON.stringify(thing, (name: string, value: unknown) => {
    if (value instanceof Uint8Array) return `${value.length} bytes`;
    return name === 'content' && typeof value === 'string' ? `${value.length} chars` : value;
  });
}
