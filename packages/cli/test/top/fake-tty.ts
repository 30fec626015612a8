import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Clock } from '../../src/top/watch.ts';
import { type Screen, ttyScreen } from '../../src/tty-screen.ts';

/** A terminal without a person: what is written is drawn on a screen of strings, and keys come from the test. */
export class FakeTty {
  readonly screen: Screen;
  readonly system: EventEmitter & { kill(pid: number, signal: string): void };
  readonly killed: [number, string][] = [];
  /** All that was written. */
  written = '';
  is_raw = false;
  is_alternate = false;
  is_cursor_shown = true;
  readonly #keyboard: PassThrough & { setRawMode(is_raw: boolean): void };
  readonly #display: PassThrough & { columns: number; rows: number };
  #lines: string[] = [];
  #looks: (() => void)[] = [];

  constructor(columns: number, rows: number) {
    const setRawMode = (is_raw: boolean): void => {
      this.is_raw = is_raw;
    };
    const kill = (pid: number, signal: string): void => {
      this.killed.push([pid, signal]);
      for (const look of this.#looks) look();
    };
    this.#keyboard = Object.assign(new PassThrough(), { setRawMode });
    this.#display = Object.assign(new PassThrough({ encoding: 'utf8' }), { columns, rows });
    this.system = Object.assign(new EventEmitter(), { kill });
    this.#display.on('data', (text: string) => {
      this.written += text;
      this.#draw(text);
      for (const look of this.#looks) look();
    });
    this.screen = ttyScreen(this.#keyboard, this.#display, this.system);
  }

  press(keys: string): void {
    this.#keyboard.write(keys);
  }

  hangUp(): void {
    this.#keyboard.end();
  }

  resize(columns: number, rows: number): void {
    Object.assign(this.#display, { columns, rows });
    this.#display.emit('resize');
  }

  /** What a person sees. */
  text(): string {
    return this.#lines.map((line) => line.trimEnd()).join('\n');
  }

  /** Resolves when this is to be seen. */
  sees(pattern: RegExp): Promise<void> {
    return this.until(() => pattern.test(this.text()));
  }

  /** Resolves when it holds, after something was written or a signal was sent. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        this.#looks = this.#looks.filter((one) => one !== look);
        resolve();
      };
      this.#looks.push(look);
      look();
    });
  }

  /** Listeners that are left; each would keep a process or a test from its end. */
  listeners(): number {
    return (
      this.system.eventNames().length + this.#display.listenerCount('resize') + this.#keyboard.listenerCount('keypress')
    );
  }

  /** The few sequences that the program writes; any other is a fault of it. */
  #draw(text: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: sequences of a terminal are made of them
    for (const [whole, mode, args = '', end, plain] of text.matchAll(/\x1b\[(\?)?([\d;]*)([A-Za-z])|([^\x1b]+)/g)) {
      if (plain !== undefined) this.#lines[this.#row] = (this.#lines[this.#row] ?? '') + plain;
      else if (mode === '?') this.#setMode(args, end === 'h');
      else if (end === 'H') this.#row = Number(args.split(';')[0] || 1) - 1;
      else if (end === 'K') this.#lines[this.#row] = '';
      else if (end === 'J') this.#lines = args === '2' ? [] : this.#lines.slice(0, this.#row);
      else if (end !== 'm') throw new Error(`unknown sequence ${JSON.stringify(whole)}`);
    }
  }

  #row = 0;

  #setMode(mode: string, is_on: boolean): void {
    if (mode === '1049') this.is_alternate = is_on;
    if (mode === '25') this.is_cursor_shown = is_on;
  }
}

/** Time that passes when the test says so. */
export class FakeClock implements Clock {
  #now_ms = 0;
  #timers: { readonly at_ms: number; readonly run: () => void }[] = [];

  mono_ms(): number {
    return this.#now_ms;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at_ms: this.#now_ms + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  /** Runs what is due until then, in order. */
  pass(ms: number): void {
    const until_ms = this.#now_ms + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at_ms }) => at_ms <= until_ms).sort((a, b) => a.at_ms - b.at_ms);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.#now_ms = next.at_ms;
      next.run();
    }
    this.#now_ms = until_ms;
  }

  get waiting(): number {
    return this.#timers.length;
  }
}
