import { createInterface } from 'node:readline';
import type { Child } from '../child.ts';

/** A process that the supervisor started: `owner`, or `worker:<n>`. */
export type ChildName = string;

interface Line {
  readonly process?: string;
  readonly child?: string;
  readonly pid?: number;
  readonly msg?: string;
}

/** The processes behind `atp serve --workers`, as its log tells of them. */
export class Children {
  readonly #pids: Map<ChildName, number> = new Map();
  readonly #ready: Set<ChildName> = new Set();
  #changed: (() => void)[] = [];

  constructor(supervisor: Child) {
    const { stderr } = supervisor.process;
    if (stderr === null) throw new Error('no stderr');
    // What it has said until now: it is short after a start.
    for (const line of supervisor.stderr.split('\n')) this.#take(line);
    createInterface({ input: stderr }).on('line', (line) => this.#take(line));
  }

  get names(): readonly ChildName[] {
    return [...this.#pids.keys()].sort();
  }

  /** Ends one at once, as a crash would. It counts as not ready until its successor says so. */
  kill(name: ChildName): void {
    const pid = this.#pids.get(name);
    if (pid === undefined) throw new Error(`${name} is not there`);
    this.#ready.delete(name);
    this.#pids.delete(name);
    process.kill(pid, 'SIGKILL');
  }

  /** Resolves when all of these are there and ready. */
  async ready(names: readonly ChildName[]): Promise<void> {
    while (!names.every((name) => this.#ready.has(name) && this.#pids.has(name)))
      await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  #take(text: string): void {
    const line = parsed(text);
    if (line.msg === 'process started' && line.child !== undefined && line.pid !== undefined)
      this.#pids.set(line.child, line.pid);
    else if (line.msg === 'ready' && line.process !== undefined) this.#ready.add(line.process);
    else return;
    const changed = this.#changed;
    this.#changed = [];
    for (const resolve of changed) resolve();
  }
}

function parsed(text: string): Line {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return {};
  }
}
