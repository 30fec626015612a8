import type { EventEmitter } from 'node:events';
import { emitKeypressEvents, type Key } from 'node:readline';

/** A terminal that is drawn on. */
export interface Screen {
  size(): { readonly columns: number; readonly rows: number };
  /** Takes screen and keyboard; what it returns gives them back, and may be called again. */
  open(listener: ScreenListener): () => void;
  write(text: string): void;
}

export interface ScreenListener {
  /** A key, named as `keyName` names it. */
  key(name: string): void;
  /** Everything has to be drawn again: the size is another, or others have drawn. */
  redraw(): void;
  /** A signal, or the terminal is gone: nobody looks any more. */
  end(): void;
}

// Control sequences of ECMA-48 and, with a question mark, of DEC and xterm, which every terminal in use knows or ignores.

/** Alternate screen, no cursor, no line wrap: a name whose width is misjudged must not move what is below it. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J';
/** All of it back. */
const LEAVE = '\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l';

/** Where a terminal does not say. */
const SIZE = { columns: 80, rows: 24 };

/** The part of a keyboard (`process.stdin`) that is used. */
export type Keyboard = NodeJS.ReadableStream & { setRawMode(is_raw: boolean): unknown };

/** The part of a terminal (`process.stdout`) that is used. */
export type Display = NodeJS.WritableStream & { readonly columns?: number; readonly rows?: number };

/** Signals of the process, its end, and a way to send one to it and those it was started with. */
export interface Signalling extends Pick<EventEmitter, 'on' | 'off'> {
  kill(pid: number, signal: NodeJS.Signals): unknown;
}

/** A stop has arrived by then. */
const STOPPED_MS = 100;

const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The terminal of a process as a screen. Whatever ends the process, the terminal is as it was: signals end the view, and a
 * fault that nobody caught passes `exit`. Ctrl-Z stops the process as in any program. Writing waits for the terminal, so
 * nothing piles up behind one that is slow.
 */
export function ttyScreen(keyboard: Keyboard, display: Display, system: Signalling): Screen {
  return {
    // A terminal that nobody has told its size says 0.
    size: () => ({ columns: display.columns || SIZE.columns, rows: display.rows || SIZE.rows }),
    write: (text) => void display.write(text),
    open: (listener) => open(keyboard, display, system, listener),
  };
}

function open(keyboard: Keyboard, display: Display, system: Signalling, listener: ScreenListener): () => void {
  const held = { is_taken: false };
  const take = (): void => {
    if (held.is_taken) return;
    held.is_taken = true;
    keyboard.setRawMode(true);
    display.write(ENTER);
  };
  const giveBack = (): void => {
    if (!held.is_taken) return;
    held.is_taken = false;
    display.write(LEAVE);
    try {
      keyboard.setRawMode(false);
    } catch {
      // A terminal that has gone away has no modes.
    }
  };
  const goOn = (): void => {
    take();
    listener.redraw();
  };
  let stopping: NodeJS.Timeout | undefined;
  const stopAll = (): void => {
    giveBack();
    // The whole group, as the terminal itself does it: npm would stay in front otherwise.
    system.kill(0, 'SIGTSTP');
    // A group that nobody could wake is not stopped (POSIX, 2.4.3), and gets no SIGCONT either.
    stopping = setTimeout(goOn, STOPPED_MS);
  };
  const onKey = (text: string | undefined, key: Key): void => {
    const name = keyName(text, key);
    if (name === 'ctrl-z') stopAll();
    else listener.key(name);
  };
  const onResize = (): void => listener.redraw();
  const onEnd = (): void => listener.end();
  emitKeypressEvents(keyboard);
  keyboard.on('keypress', onKey).on('end', onEnd).on('error', onEnd);
  display.on('resize', onResize).on('error', onEnd);
  for (const signal of END_SIGNALS) system.on(signal, onEnd);
  system.on('SIGCONT', goOn).on('exit', giveBack);
  take();
  keyboard.resume();
  return () => {
    clearTimeout(stopping);
    // Listeners of errors stay: one that comes late must not end the process.
    keyboard.off('keypress', onKey).off('end', onEnd);
    display.off('resize', onResize);
    for (const signal of END_SIGNALS) system.off(signal, onEnd);
    system.off('SIGCONT', goOn).off('exit', giveBack);
    keyboard.pause();
    giveBack();
  };
}

/** The name of a key as Node's readline tells it: `q`, `S`, `up`, `shift-tab`, `ctrl-c`, `?`. */
export function keyName(text: string | undefined, { name, ctrl = false, shift = false }: Key): string {
  if (ctrl && name !== undefined) return `ctrl-${name}`;
  if (name !== undefined && name.length > 1) return shift && name === 'tab' ? 'shift-tab' : name;
  return text ?? name ?? '';
}
