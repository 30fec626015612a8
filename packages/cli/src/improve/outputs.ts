import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, type JsonValue } from '@atp-router/kernel';
import { sha256 } from '../observations/curate.ts';
import type { Step } from './steps.ts';

/** Of what steps do: another one means that all have to be done anew. */
const STEPS_VERSION = 1;
const OUTPUT_FILE = 'output.json';
const RUNS_FILE = 'runs.json';

/** What a step has come to: its facts, and files beside them whose hashes are among these. */
export interface Output {
  readonly facts: Readonly<Record<string, JsonValue>>;
  /** Hex SHA-256 of the facts: what those that need it are made from. */
  readonly digest: string;
  readonly dir: string;
}

/** What a step would be done from. The same key has the same output. */
export interface Address {
  readonly key: string;
  readonly settings_digest: string;
  readonly inputs_digest: string;
}

/** `source`: what a step that takes nothing is made from. */
export function addressOf({ kind, settings }: Step, inputs: readonly string[], source: string): Address {
  const settings_digest = sha256(canonical(settings));
  const inputs_digest = sha256(canonical([...inputs, source]));
  return {
    key: sha256(canonical([STEPS_VERSION, kind, settings_digest, inputs_digest])),
    settings_digest,
    inputs_digest,
  };
}

/** Members in the order of their names, so that the order in a file does not matter. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    isJsonObject(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one,
  );
}

/** Outputs of steps by what they were made from, in a folder. A step that did not come to its end has left nothing. */
export class Outputs {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Undefined: it has not been done, or its files are not as they were. */
  find(key: string): Output | undefined {
    const dir = join(this.#dir, key);
    try {
      const facts: unknown = JSON.parse(readFileSync(join(dir, OUTPUT_FILE), 'utf8'));
      if (!isJsonObject(facts)) return undefined;
      const files = isJsonObject(facts['files']) ? Object.entries(facts['files']) : [];
      if (!files.every(([name, hash]) => sha256(readFileSync(join(dir, name))) === hash)) return undefined;
      return { facts: facts as Output['facts'], digest: sha256(canonical(facts)), dir };
    } catch {
      return undefined;
    }
  }

  /** A folder for a step to work in; `keep` gives it its name, `drop` removes it. */
  draft(): Draft {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    const dir = join(this.#dir, `${randomBytes(6).toString('hex')}.tmp`);
    mkdirSync(dir, { mode: 0o700 });
    return new Draft(dir, (key) => join(this.#dir, key));
  }

  /** What each step was made from when it was done last, by its id. */
  lastRuns(): Readonly<Record<string, Address>> {
    try {
      return JSON.parse(readFileSync(join(this.#dir, RUNS_FILE), 'utf8')) as Record<string, Address>;
    } catch {
      return {};
    }
  }

  noteRun(id: string, address: Address): void {
    const text = `${JSON.stringify({ ...this.lastRuns(), [id]: address }, undefined, 2)}\n`;
    writeFileSync(join(this.#dir, `${RUNS_FILE}.tmp`), text, { mode: 0o600 });
    renameSync(join(this.#dir, `${RUNS_FILE}.tmp`), join(this.#dir, RUNS_FILE));
  }
}

export class Draft {
  readonly dir: string;
  readonly #nameOf: (key: string) => string;
  readonly #files: Record<string, string> = {};

  constructor(dir: string, nameOf: (key: string) => string) {
    this.dir = dir;
    this.#nameOf = nameOf;
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.dir, name), text, { mode: 0o600 });
    this.#files[name] = sha256(text);
  }

  keep(key: string, facts: Output['facts']): Output {
    const whole = { ...facts, files: this.#files };
    writeFileSync(join(this.dir, OUTPUT_FILE), `${JSON.stringify(whole, undefined, 2)}\n`, { mode: 0o600 });
    const dir = this.#nameOf(key);
    // What is there is of another version, or was changed by hand.
    if (existsSync(dir)) rmSync(dir, { recursive: true });
    renameSync(this.dir, dir);
    return { facts: whole, digest: sha256(canonical(whole)), dir };
  }

  drop(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
