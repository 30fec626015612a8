import { run } from '@atp-router/cli';
import type { Terminal } from '@atp-router/cli';

/** What a command printed and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Setting {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Called with each piece of output, and may say that nobody reads any more. */
  readonly onOut?: (text: string) => 'closed' | undefined;
}

/** Runs a command line in this process, away from the real terminal and environment. */
export async function atp(args: readonly string[], setting: Setting = {}): Promise<Outcome> {
  const said = { out: '', err: '', closed: false };
  const terminal: Terminal = {
    env: setting.env ?? {},
    cwd: setting.cwd ?? import.meta.dirname,
    out: (text) => {
      said.out += text;
      if (setting.onOut?.(text) === 'closed') said.closed = true;
    },
    err: (text) => {
      said.err += text;
    },
    out_is_tty: false,
    err_is_tty: false,
    get out_closed() {
      return said.closed;
    },
    readStdin: () => Promise.resolve(setting.stdin ?? ''),
  };
  const code = await run(args, terminal);
  return { code, out: said.out, err: said.err };
}
