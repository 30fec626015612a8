import { pathToFileURL } from 'node:url';
import { programPath } from '@atp-router/adapters/testing';
import { run, type Terminal } from '@atp-router/cli';

/** What a command printed and how it ended. */
export interface Outcome {
  readonly code: number;
  /** Bytes that are no text are in it as Latin-1, a character each. */
  readonly out: string;
  readonly err: string;
}

export interface Setting {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  readonly out_is_tty?: boolean;
  readonly screen?: Terminal['screen'];
  /** Called with each piece of output, and may say that nobody reads any more. */
  readonly onOut?: (text: string) => 'closed' | undefined;
}

/** A terminal that keeps what is said, away from the real one and the environment. */
export function fakeTerminal(setting: Setting = {}): {
  readonly terminal: Terminal;
  readonly said: { readonly out: string; readonly err: string };
} {
  const said = { out: '', err: '', closed: false };
  const terminal: Terminal = {
    ...(setting.screen !== undefined && { screen: setting.screen }),
    program: pathToFileURL(programPath()),
    env: setting.env ?? {},
    cwd: setting.cwd ?? import.meta.dirname,
    out: (text) => {
      said.out += text;
      if (setting.onOut?.(text) === 'closed') said.closed = true;
    },
    err: (text) => {
      said.err += text;
    },
    outBytes: (bytes) => {
      said.out += Buffer.from(bytes).toString('latin1');
    },
    out_is_tty: setting.out_is_tty ?? false,
    err_is_tty: false,
    get out_closed() {
      return said.closed;
    },
    readStdin: () => Promise.resolve(Buffer.from(setting.stdin ?? '').toString('utf8')),
    readStdinBytes: () => Promise.resolve(Buffer.from(setting.stdin ?? '')),
  };
  return { terminal, said };
}

/** Runs a command line in this process. */
export async function atp(args: readonly string[], setting: Setting = {}): Promise<Outcome> {
  const { terminal, said } = fakeTerminal(setting);
  const code = await run(args, terminal);
  return { code, out: said.out, err: said.err };
}
