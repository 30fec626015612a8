import { type Rng, seededRng } from '@atp-router/kernel';
import type { SignalLike } from './signal.ts';

/** The part of a WebSocket that browsers and Node have in common (WHATWG WebSockets). */
export interface SocketLike {
  binaryType: string;
  readonly readyState: number;
  send(data: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: (() => void) | null;
}

export interface ReplyLike {
  readonly ok: boolean;
  readonly status: number;
  json(): Promise<unknown>;
  /** What is read when frames go over plain HTTP. */
  readonly headers: { get(name: string): string | null };
  readonly body: BodyLike | null;
}

/** The part of a `ReadableStream` of bytes that is used. At its end there is no `value`. */
export interface BodyLike {
  getReader(): { read(): Promise<{ readonly value?: Uint8Array | undefined }>; cancel(): Promise<void> };
}

/** What the SDK takes from its surroundings; all of it is a global in browsers and in Node 22 and later. */
export interface Runtime {
  readonly WebSocket: new (url: string, protocols: readonly string[]) => SocketLike;
  fetch(url: string, init: object): Promise<ReplyLike>;
  setTimeout(run: () => void, delay_ms: number): unknown;
  clearTimeout(timer: unknown): void;
  readonly performance: { now(): number };
  readonly crypto: { getRandomValues(into: Uint8Array<ArrayBuffer>): Uint8Array };
  readonly Date: { now(): number };
  readonly AbortController: new () => AbortLike;
}

export interface AbortLike {
  readonly signal: SignalLike;
  abort(reason?: unknown): void;
}

export function systemRuntime(): Runtime {
  const runtime = globalThis as unknown as Runtime;
  return {
    WebSocket: runtime.WebSocket,
    fetch: (url, init) => runtime.fetch(url, init),
    setTimeout: (run, delay_ms) => runtime.setTimeout(run, delay_ms),
    clearTimeout: (timer) => runtime.clearTimeout(timer),
    performance: runtime.performance,
    crypto: runtime.crypto,
    Date: runtime.Date,
    AbortController: runtime.AbortController,
  };
}

/** Spreads pauses; seeded with what the runtime has of randomness. */
export function rngOf({ crypto }: Pick<Runtime, 'crypto'>): Rng {
  return seededRng(new DataView(crypto.getRandomValues(new Uint8Array(4)).buffer).getUint32(0));
}
