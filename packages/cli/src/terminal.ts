import { pathToFileURL } from 'node:url';
import { CliError, EXIT } from './exit.ts';
import { type Screen, ttyScreen } from './tty-screen.ts';

/** The outside of the program: everything a command may read from or write to besides files and the network. */
export interface Terminal {
  /** What this program was started from: its further processes are started from it, too. */
  readonly program: URL;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Results. */
  out(text: string): void;
  /** Results that are no text. */
  outBytes(bytes: Uint8Array): void;
  /** Errors and remarks. */
  err(text: string): void;
  readonly out_is_tty: boolean;
  readonly err_is_tty: boolean;
  /** True when nobody reads the results any more (`atp events | head`). */
  readonly out_closed: boolean;
  /** All of standard input, as text. */
  readStdin(): Promise<string>;
  readStdinBytes(): Promise<Uint8Array>;
  /** A screen with a keyboard; absent where output goes elsewhere, or nobody can press a key. */
  readonly screen?: Screen;
}

/** A prompt, an entity, a trace of frames; more is not typed by anybody. */
export const INPUT_BYTES_MAX = 33_554_432;

/** The terminal of this process. A reader that goes away ends nothing: what is still written to it is dropped. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process;
  const state = { out_closed: false };
  stdout.on('error', () => {
    state.out_closed = true;
  });
  stderr.on('error', () => undefined);
  const can_draw = stdin.isTTY && stdout.isTTY && env['TERM'] !== 'dumb';
  return {
    ...(can_draw && { screen: ttyScreen(stdin, stdout, process) }),
    program: pathToFileURL(process.argv[1] ?? ''),
    env,
    cwd: process.cwd(),
    out: (text) => void (state.out_closed || stdout.write(text)),
    err: (text) => void stderr.write(text),
    out_is_tty: stdout.isTTY,
    err_is_tty: stderr.isTTY,
    get out_closed() {
      return state.out_closed;
    },
    outBytes: (bytes) => void (state.out_closed || stdout.write(bytes)),
    readStdin: async () => (await readAll(stdin)).toString('utf8'),
    readStdinBytes: () => readAll(stdin),
  };
}

async function readAll(stdin: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of stdin) {
    bytes += piece.length;
    if (bytes > INPUT_BYTES_MAX) {
      throw new CliError(EXIT.usage, `standard input is larger than ${INPUT_BYTES_MAX} bytes.`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Whether to colour what goes to standard output or error. See https://no-color.org. */
export function wantsColor(terminal: Terminal, is_tty: boolean): boolean {
  const { NO_COLOR, TERM } = terminal.env;
  return is_tty && (NO_COLOR ?? '') === '' && TERM !== 'dumb';
}

/** How the user calls this program: through npm from a clone, or by its name. */
export function commandName(terminal: Terminal): string {
  const script = terminal.env['npm_lifecycle_event'];
  return script === 'start' || script === 'atp' ? 'npm run atp --' : 'atp';
}
