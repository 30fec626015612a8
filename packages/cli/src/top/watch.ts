import { CliError } from '../exit.ts';
import type { Screen } from '../tty-screen.ts';
import { painted, repaint } from './ansi.ts';
import type { Flow } from './flow.ts';
import { frame } from './frame.ts';
import type { Glyphs } from './glyphs.ts';
import { plan } from './plan.ts';
import { answered, failed, pressed, type TopState } from './state.ts';

/** Time of this process, which never jumps, and what happens later. */
export interface Clock {
  mono_ms(): number;
  /** Runs it once, unless what is returned is called before. */
  after(ms: number, run: () => void): () => void;
}

interface Watched {
  readonly screen: Screen;
  readonly clock: Clock;
  /** Throws a `CliError` with what to do when there is no answer. */
  readonly ask: () => Promise<Flow>;
  /** After the first answer. */
  readonly state: TopState;
  readonly glyphs: Glyphs;
  readonly has_color: boolean;
}

/** Between two drawings without news: ages and waits are told in seconds. */
const TICK_MS = 1_000;

/** Shows what the router answers until the user quits, or nobody looks any more. The terminal is as before then, also after a fault. */
export async function watch(watched: Watched): Promise<void> {
  const view = new View(watched);
  const close = watched.screen.open({
    key: (name) => view.key(name),
    redraw: () => view.redraw(),
    end: () => view.end(),
  });
  try {
    await view.run();
  } finally {
    view.stop();
    close();
  }
}

class View {
  readonly #watched: Watched;
  readonly #over: PromiseWithResolvers<void> = Promise.withResolvers();
  #state: TopState;
  #painted: readonly string[] = [];
  #is_due = false;
  #is_stopped = false;
  #stopTick: () => void = () => undefined;
  #stopAsking: () => void = () => undefined;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#state = watched.state;
  }

  run(): Promise<void> {
    this.redraw();
    this.#tick();
    this.#askIn(this.#state.target.interval_ms);
    return this.#over.promise;
  }

  key(name: string): void {
    this.#guarded(() => {
      this.#state = pressed(this.#state, name, plan(this.#state, this.#size(), this.#watched.glyphs.is_ascii));
      if (this.#state.is_over) this.end();
      else this.#drawSoon();
    });
  }

  redraw(): void {
    this.#guarded(() => {
      this.#watched.screen.write('\x1b[H\x1b[2J');
      this.#painted = [];
      this.#draw();
    });
  }

  end(): void {
    this.#over.resolve();
  }

  stop(): void {
    this.#is_stopped = true;
    this.#stopTick();
    this.#stopAsking();
  }

  /** A fault in what a timer or a key runs ends the view, which gives the terminal back before anything is said. */
  #guarded(run: () => void): void {
    if (this.#is_stopped) return;
    try {
      run();
    } catch (error) {
      this.#over.reject(error);
    }
  }

  #size(): { columns: number; rows: number } {
    const { columns, rows } = this.#watched.screen.size();
    return { columns: Math.min(columns, SIDE_MAX), rows: Math.min(rows, SIDE_MAX) };
  }

  #draw(): void {
    const { glyphs, has_color, clock, screen } = this.#watched;
    const lines = frame(this.#state, this.#size(), clock.mono_ms(), glyphs).map((line) => painted(line, has_color));
    const changes = repaint(this.#painted, lines);
    this.#painted = lines;
    if (changes !== '') screen.write(changes);
  }

  /** Keys come in bursts when text is pasted; one drawing is enough for all that came at once. */
  #drawSoon(): void {
    if (this.#is_due) return;
    this.#is_due = true;
    queueMicrotask(() => {
      this.#is_due = false;
      this.#guarded(() => this.#draw());
    });
  }

  #tick(): void {
    this.#stopTick = this.#watched.clock.after(TICK_MS, () =>
      this.#guarded(() => {
        this.#draw();
        this.#tick();
      }),
    );
  }

  #askIn(ms: number): void {
    this.#stopAsking = this.#watched.clock.after(ms, () => {
      this.#ask().catch((error: unknown) => this.#over.reject(error));
    });
  }

  /** One question at a time; the next one when this one is answered, or cannot be. */
  async #ask(): Promise<void> {
    const { clock, ask } = this.#watched;
    const began_ms = clock.mono_ms();
    const result = await ask().catch((error: unknown) => messageOf(error));
    if (this.#is_stopped) return;
    const now_ms = clock.mono_ms();
    this.#state =
      typeof result === 'string' ? failed(this.#state, result, now_ms) : answered(this.#state, result, now_ms);
    this.#draw();
    const { link, target } = this.#state;
    const next_ms = link.kind === 'down' ? link.again_at_ms : began_ms + target.interval_ms;
    this.#askIn(Math.max(0, next_ms - now_ms));
  }
}

/** No screen is larger; a terminal that says so is not believed. */
const SIDE_MAX = 1_000;

/** What is wrong with the router or the way to it is shown; a fault of the program is thrown. */
function messageOf(error: unknown): string {
  if (error instanceof CliError) return error.message;
  throw error;
}
