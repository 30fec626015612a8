import type { ServerResponse } from 'node:http';
import type { Behaviour, Closed, Cut, FromUpstream, Place } from './script.ts';

/** What goes out for one request: a head and frames, already in the provider's words. */
export interface Output {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly frames: readonly string[];
  /** Called before the frame of this index leaves. */
  onFrame(index: number): void;
}

export type Report = (event: FromUpstream) => void;

/** Answers one request as its behaviour says, and reports what really happened on the wire. */
export class Exchange {
  readonly n: number;
  readonly #res: ServerResponse;
  readonly #behaviour: Behaviour;
  readonly #output: Output;
  readonly #report: Report;
  readonly #onClosed: (closed: Closed) => void;
  #tokens = 0;
  #waiting: (() => void) | undefined;
  #by: Closed['by'] | undefined;
  #frames = 0;
  #bytes = 0;

  constructor(
    n: number,
    res: ServerResponse,
    behaviour: Behaviour,
    output: Output,
    report: Report,
    onClosed: (closed: Closed) => void,
  ) {
    this.n = n;
    this.#res = res;
    this.#behaviour = behaviour;
    this.#output = output;
    this.#report = report;
    this.#onClosed = onClosed;
    res.once('close', () => {
      const by = this.#by ?? (res.writableFinished ? 'complete' : 'peer');
      this.#waiting?.();
      this.#onClosed({ n, by, frames: this.#frames, bytes: this.#bytes });
    });
  }

  /** Bytes handed to the socket so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Lets `count` further gated steps happen. */
  step(count: number): void {
    this.#tokens += count;
    this.#waiting?.();
  }

  /** Breaks the connection off now. */
  abort(): void {
    this.#by = 'cut';
    this.#res.destroy();
  }

  async run(): Promise<void> {
    const { cut, flood } = this.#behaviour;
    const cut_at = cut === undefined ? undefined : this.#place(cut.after, 1);
    await this.#gate(0);
    if (this.#gone) return;
    if (cut !== undefined && cut_at === -1) {
      this.#cut(cut, undefined);
      return;
    }
    this.#res.writeHead(this.#output.status, this.#output.headers);
    this.#res.flushHeaders();
    this.#report({ ev: 'step', n: this.n, step: 0 });
    if (flood !== undefined) await this.#flood(flood.bytes, flood.frame_bytes);
    for (const [i, frame] of this.#output.frames.entries()) {
      await this.#gate(i + 1);
      if (cut !== undefined && cut_at === i) {
        this.#cut(cut, frame);
        return;
      }
      if (i > 0 && this.#behaviour.pace_ms !== undefined) await this.#pause(this.#behaviour.pace_ms);
      if (this.#gone) return;
      this.#output.onFrame(i);
      this.#frames += 1;
      await this.#write(frame);
      this.#report({ ev: 'step', n: this.n, step: i + 1 });
    }
    if (cut !== undefined) this.#cut(cut, undefined);
    else if (!this.#gone) this.#res.end();
  }

  get #gone(): boolean {
    return this.#res.destroyed;
  }

  #gated(step: number): boolean {
    const { gates } = this.#behaviour;
    return gates === 'all' || (gates?.some((gate) => this.#place(gate, 1) === step) ?? false);
  }

  /** A place by text: the frame that contains it, counted from `base`. */
  #place(place: Place, base: number): number {
    if (typeof place === 'number') return place;
    const at = this.#output.frames.findIndex((frame) => frame.includes(place));
    if (at < 0) throw new Error(`no frame contains ${JSON.stringify(place)}`);
    return at + base;
  }

  async #gate(step: number): Promise<void> {
    if (!this.#gated(step)) return;
    while (this.#tokens === 0 && !this.#gone) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    this.#tokens -= 1;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#res.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async #write(text: string): Promise<void> {
    const slice = this.#behaviour.slice_bytes;
    const bytes = Buffer.from(text);
    if (slice === undefined) {
      await this.#put(bytes);
      return;
    }
    for (let at = 0; at < bytes.length && !this.#gone; at += slice) {
      await this.#put(bytes.subarray(at, at + slice));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Waits for the peer when it is slow. */
  async #put(bytes: Uint8Array): Promise<void> {
    this.#bytes += bytes.length;
    if (this.#res.write(bytes) || this.#gone) return;
    await new Promise<void>((resolve) => {
      this.#res.once('drain', resolve);
      this.#res.once('close', resolve);
    });
  }

  async #flood(bytes: number, frame_bytes: number): Promise<void> {
    const model = { id: 'flood', object: 'chat.completion.chunk', created: 1, model: 'flood' };
    const chunk = {
      ...model,
      choices: [{ index: 0, delta: { content: 'x'.repeat(frame_bytes) }, finish_reason: null }],
    };
    const frame = Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`);
    for (let sent = 0; sent < bytes && !this.#gone; sent += frame.length) await this.#put(frame);
  }

  #cut(cut: Cut, frame: string | undefined): void {
    if (frame !== undefined && cut.bytes !== undefined) {
      const part = Buffer.from(frame).subarray(0, cut.bytes);
      this.#bytes += part.length;
      this.#res.write(part, () => this.#break(cut));
    } else this.#break(cut);
  }

  #break(cut: Cut): void {
    if (cut.how === 'stall') return;
    this.#by = 'cut';
    if (cut.how === 'end') this.#res.end();
    else this.#res.socket?.resetAndDestroy();
  }
}
