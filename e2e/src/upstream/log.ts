import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Closed, ServedUsage } from './script.ts';

/** One line of the upstream's own log: what it saw and what it served. In kill tests this is the truth. */
export type LogLine =
  | {
      readonly t: 'request';
      readonly n: number;
      readonly req: string;
      readonly provider: string;
      readonly shape: string;
      readonly stream: boolean;
      /** With which it is answered, unless its client leaves before. */
      readonly status: number;
    }
  /** Written before the frame leaves that tells the tokens of the prompt ahead of the answer. */
  | { readonly t: 'prompt'; readonly n: number; readonly in_tokens: number }
  /** Written before a frame of the answer leaves: what its peer can have counted from then on, in the router's byte model. */
  | { readonly t: 'wrote'; readonly n: number; readonly out_tokens: number }
  /** Written before the bytes that carry the usage leave. */
  | { readonly t: 'usage'; readonly n: number; readonly usage: ServedUsage }
  | ({ readonly t: 'closed' } & Closed);

/**
 * Append-only file; a line is written before what it tells of happens. Lines outlive every process that is killed; with
 * `sync` the ones that are few also outlive the machine.
 */
export class ServedLog {
  readonly #fd: number;
  readonly #sync: boolean;

  constructor(path: string, sync: boolean) {
    this.#fd = openSync(path, 'a', 0o600);
    this.#sync = sync;
  }

  add(line: LogLine): void {
    writeSync(this.#fd, `${JSON.stringify(line)}\n`);
    if (this.#sync && (line.t === 'request' || line.t === 'usage')) fdatasyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

export function readServedLog(path: string): LogLine[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as LogLine);
}
