import type { HttpExchange } from '@atp-router/adapters';
import { AtpError, type Timer } from '@atp-router/kernel';
import { EVENT_VERSION, type EventType, type RouterEvent } from '@atp-router/ledger';
import { authenticateAdmin } from '../http/authenticate.ts';
import type { AdminParts } from './parts.ts';
import { shownEvent } from '../observe/shown-event.ts';
import type { OtherProcesses, ShownEvent } from '../processes/other-processes.ts';
import type { AdminRoutes } from './routes.ts';

/** So many events wait for a slow reader; what comes then is counted and dropped. */
const BUFFERED_MAX = 1_024;
/** And so many bytes, whatever their number. */
const BUFFERED_BYTES_MAX = 4_194_304;
/** Proxies close connections that are silent for 30 to 60 seconds. */
const HEARTBEAT_MS = 15_000;

/** Every type of the catalogue; the compiler says when one is missing. */
const TYPES: Readonly<Record<EventType, true>> = {
  'call.opened': true,
  'attempt.started': true,
  'attempt.progress': true,
  'attempt.ended': true,
  'call.ended': true,
  'call.refused': true,
  'call.cached': true,
  'call.replayed': true,
  'stage.aborted': true,
  'idempotency.stored': true,
  'consensus.ended': true,
  'consensus.learned': true,
  'feedback.given': true,
  'route.decided': true,
  'route.feedback': true,
  'route.drifted': true,
  'model.moved': true,
  'model.custody': true,
  'shadow.compared': true,
  'node.started': true,
  'node.stopped': true,
  'config.applied': true,
  'config.rejected': true,
  'limits.changed': true,
  'breaker.changed': true,
  'kill.set': true,
  'entity.put': true,
  'entity.deleted': true,
  'session.opened': true,
  'session.closed': true,
  'session.denied': true,
};

export const EVENT_TYPES: readonly EventType[] = Object.keys(TYPES) as EventType[];

/** `/events`: what happens in the router, as it happens, as server-sent events. */
export function addEvents(routes: AdminRoutes, parts: AdminParts): void {
  routes.stream('/events', ['types'], ({ exchange, query }) => {
    const types = query.list('types', EVENT_TYPES);
    new Subscription(exchange, parts, types === undefined ? undefined : new Set(types)).start();
  });
}

class Subscription {
  readonly #exchange: HttpExchange;
  readonly #parts: AdminParts;
  readonly #types: ReadonlySet<EventType> | undefined;
  readonly #waiting: string[] = [];
  #waiting_bytes = 0;
  #dropped = 0;
  #slow = false;
  #over = false;
  #heartbeat: Timer | undefined;
  #stopListening: (() => void) | undefined;
  #stopFollowing: (() => void) | undefined;

  constructor(exchange: HttpExchange, parts: AdminParts, types: ReadonlySet<EventType> | undefined) {
    this.#exchange = exchange;
    this.#parts = parts;
    this.#types = types;
  }

  /** Throws `backpressure` when there are too many streams. */
  start(): void {
    const exchange = this.#exchange;
    if (exchange.method === 'HEAD') {
      exchange.reply(200, HEADERS, '');
      return;
    }
    const { bus, others } = this.#parts;
    this.#stopListening = bus.stream((event) => this.#on(event));
    if (this.#stopListening === undefined) {
      throw new AtpError('backpressure', 'As many event streams are open as there may be. Close one, or retry later.');
    }
    exchange.onGone(() => this.#stop());
    exchange.begin(200, HEADERS);
    this.#arm();
    if (others === undefined) this.#send(LISTENING);
    else void this.#follow(others);
  }

  /** Events of the others, from when they have been told to send them. */
  async #follow(others: OtherProcesses): Promise<void> {
    const types = this.#types && [...this.#types];
    const stop = await others.follow(types, {
      onEvent: ({ node_id, ts_ms, event }) => this.#send(frame(event, ts_ms, node_id)),
      onDropped: (count) => this.#send(gap(count)),
    });
    if (this.#over) stop();
    else {
      this.#stopFollowing = stop;
      this.#send(LISTENING);
    }
  }

  #on(event: RouterEvent): void {
    if (this.#over) return;
    if (this.#types === undefined || this.#types.has(event.type)) this.#send(this.#frame(event));
    // The key may have been the one that was just revoked.
    if (event.type === 'config.applied') this.#checkKey();
    if (event.type === 'node.stopped') this.#end();
  }

  #frame(event: RouterEvent): string {
    const ts_ms = this.#parts.engine.parts.ambient.clock.now_ms();
    // Who is alone needs no name.
    const { node_id, others } = this.#parts;
    return frame(shownEvent(event), ts_ms, others && node_id);
  }

  #send(frame: string): void {
    if (this.#over) return;
    if (!this.#slow) {
      if (!this.#exchange.write(frame)) this.#onSlow();
      return;
    }
    if (this.#waiting.length >= BUFFERED_MAX || this.#waiting_bytes + frame.length > BUFFERED_BYTES_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(frame);
    this.#waiting_bytes += frame.length;
  }

  #onSlow(): void {
    this.#slow = true;
    this.#exchange.onDrain(() => {
      if (this.#over) return;
      this.#slow = false;
      const frames = this.#waiting.splice(0).join('');
      this.#waiting_bytes = 0;
      const dropped = this.#dropped;
      this.#dropped = 0;
      // Dropped were the newest: the gap is after what was kept.
      const text = dropped === 0 ? frames : frames + gap(dropped);
      if (text !== '') this.#send(text);
    });
  }

  #arm(): void {
    this.#heartbeat = this.#parts.engine.parts.ambient.timers.after(HEARTBEAT_MS, () => {
      if (this.#over) return;
      // A reader that takes nothing needs no sign of life, and gets none to buffer.
      if (!this.#slow) this.#send(': heartbeat\n\n');
      this.#arm();
    });
  }

  #checkKey(): void {
    const { engine, manager } = this.#parts;
    try {
      authenticateAdmin(this.#exchange, manager.generation, engine.parts.hash);
    } catch {
      this.#end();
    }
  }

  #end(): void {
    this.#stop();
    this.#exchange.end();
  }

  #stop(): void {
    this.#over = true;
    this.#heartbeat?.cancel();
    this.#stopListening?.();
    this.#stopFollowing?.();
    this.#waiting.length = 0;
  }
}

/** Sent first, so that a client knows that from here on it misses nothing. */
const LISTENING = ': listening\n\n';

function frame(event: ShownEvent, ts_ms: number, node_id: string | undefined): string {
  return `event: ${event.type}\ndata: ${JSON.stringify({ v: EVENT_VERSION, ts_ms, node_id, ...event })}\n\n`;
}

function gap(count: number): string {
  return `event: dropped\ndata: {"count":${count}}\n\n`;
}

const HEADERS: readonly string[] = [
  ...['content-type', 'text/event-stream; charset=utf-8'],
  ...['cache-control', 'no-store'],
  // nginx holds streams back unless it is told not to.
  ...['x-accel-buffering', 'no'],
];
