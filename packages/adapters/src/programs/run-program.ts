import { type ChildProcess, spawn } from 'node:child_process';

/** What is kept of what a program says: its last words tell why it failed. */
const OUTPUT_CHARS_MAX = 16_384;

/** A program of the operator's, as it is run: without a shell, and with these variables alone. */
export interface ProgramRun {
  /** The program, and what it is told. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Written to it; absent: it has nothing to read. */
  readonly input?: string | undefined;
  readonly limit_ms: number;
  /** Between being asked to end and being ended; 0: it is not asked. */
  readonly grace_ms: number;
  /** Ends it before its time, as the limit does. */
  readonly signal?: AbortSignal | undefined;
}

/** How a program ended. `output`: the last words of both its outputs; `said`: of its standard output alone. */
export type ProgramEnd =
  | {
      readonly kind: 'ended';
      readonly code: number | null;
      readonly by: string | null;
      readonly output: string;
      readonly said: string;
    }
  | { readonly kind: 'stopped'; readonly output: string }
  | { readonly kind: 'unstartable'; readonly why: string };

/** Runs a program in a group of its own, so that what it starts ends with it. Never rejects. */
export async function runProgram(run: ProgramRun): Promise<ProgramEnd> {
  const [program = '', ...args] = run.command;
  const { cwd, env, input } = run;
  let child: ChildProcess;
  try {
    child = spawn(program, args, {
      cwd,
      env,
      detached: true,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
  } catch (error) {
    return { kind: 'unstartable', why: whyOf(error) };
  }
  const heard = { output: '', said: '' };
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    heard.said = `${heard.said}${piece}`.slice(-OUTPUT_CHARS_MAX);
    heard.output = `${heard.output}${piece}`.slice(-OUTPUT_CHARS_MAX);
  });
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    heard.output = `${heard.output}${piece}`.slice(-OUTPUT_CHARS_MAX);
  });
  // It need not read what it is told.
  child.stdin?.on('error', () => undefined).end(input);
  const limit = limited(child, run);
  const end = await new Promise<ProgramEnd>((resolve) => {
    child.on('error', (error) => resolve({ kind: 'unstartable', why: whyOf(error) }));
    child.on('close', (code, by) => resolve({ kind: 'ended', code, by, ...heard }));
  });
  limit.clear();
  // Whatever it has left running.
  kill(child, 'SIGKILL');
  return end.kind === 'ended' && limit.has_stopped() ? { kind: 'stopped', output: heard.output } : end;
}

/** Ends a program at its limit, or when it is told to. */
function limited(
  child: ChildProcess,
  { limit_ms, grace_ms, signal }: ProgramRun,
): { readonly clear: () => void; readonly has_stopped: () => boolean } {
  let has_stopped = false;
  let hard: NodeJS.Timeout | undefined;
  const end = (): void => {
    kill(child, 'SIGKILL');
    // What has left the group may hold them open.
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  const stop = (): void => {
    has_stopped = true;
    if (grace_ms === 0) {
      end();
      return;
    }
    kill(child, 'SIGTERM');
    hard = setTimeout(end, grace_ms);
  };
  const soft = setTimeout(stop, limit_ms);
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  const clear = (): void => {
    clearTimeout(soft);
    clearTimeout(hard);
    signal?.removeEventListener('abort', stop);
  };
  return { clear, has_stopped: () => has_stopped };
}

function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
}

function whyOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
