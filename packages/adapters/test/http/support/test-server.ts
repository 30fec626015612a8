import type { AtpError } from '@atp-router/kernel';
import { onTestFinished } from 'vitest';
import {
  type BodyLimits,
  type HttpExchange,
  type HttpServerHandle,
  type HttpServerOptions,
  listen,
} from '../../../src/http/index.ts';

export const LIMITS: BodyLimits = { body_bytes: 1_000, idle_ms: 60_000, body_duration_ms: 60_000 };

/** A listener on a free port of this machine that goes with the test. */
export async function startServer(
  onRequest: (exchange: HttpExchange) => void,
  more: Partial<HttpServerOptions> = {},
): Promise<HttpServerHandle> {
  const server = await listen({
    host: '127.0.0.1',
    port: 0,
    header_bytes: 8_192,
    keep_alive_ms: 60_000,
    header_timeout_ms: 60_000,
    connections_max: 1_000,
    onRequest,
    ...more,
  });
  onTestFinished(() => server.close());
  return server;
}

/** Answers with what was read of the body, or with the code of the error. */
export function echo(limits: BodyLimits = LIMITS): (exchange: HttpExchange) => void {
  return (exchange) => {
    exchange.readBody(limits, (error, body) => {
      const text = `${exchange.method} ${exchange.path} ${exchange.query} `;
      if (error === undefined) exchange.reply(200, TEXT, text + body.toString('latin1'));
      else exchange.reply(error.status, TEXT, text + error.code);
    });
  };
}

export const TEXT: readonly string[] = ['content-type', 'text/plain'];

/** A promise with its handle outside. */
export interface Signal<T> {
  readonly promise: Promise<T>;
  readonly give: (value: T) => void;
}

export function signal<T = void>(): Signal<T> {
  let give: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    give = resolve;
  });
  return { promise, give };
}

/** Remembers the exchanges of a listener; `next` waits for one more. */
export class Requests {
  readonly all: HttpExchange[] = [];
  readonly #waiting: ((exchange: HttpExchange) => void)[] = [];
  #given = 0;

  readonly take = (exchange: HttpExchange): void => {
    this.all.push(exchange);
    const wake = this.#waiting.shift();
    if (wake === undefined) return;
    this.#given += 1;
    wake(exchange);
  };

  next(): Promise<HttpExchange> {
    const there = this.all[this.#given];
    if (there === undefined) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#given += 1;
    return Promise.resolve(there);
  }
}

/** Reads a body and tells how that ended. */
export function bodyOf(exchange: HttpExchange, limits: BodyLimits = LIMITS): Promise<AtpError | Buffer> {
  return new Promise((resolve) => exchange.readBody(limits, (error, body) => resolve(error ?? body)));
}

/** Resolves with true when the client of an exchange goes away. */
export function gone(exchange: HttpExchange): Promise<number> {
  return new Promise((resolve) => {
    let times = 0;
    exchange.onGone(() => {
      times += 1;
      resolve(times);
    });
  });
}

/** Lets everything that is already under way in this process happen. */
export async function settle(rounds: number = 5): Promise<void> {
  for (let i = 0; i < rounds; i += 1) await new Promise((resolve) => setImmediate(resolve));
}
