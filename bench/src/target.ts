import type { Buckets } from './decisions.ts';
import type { BodyKind } from './scenarios.ts';

export const TARGET_NAMES = ['direct', 'nginx', 'bare', 'router', 'workers2'] as const;
/**
 * `direct` is the upstream without anything in front: what generator and upstream can do by themselves. `workers2` is the
 * router as an owner and two workers.
 */
export type TargetName = (typeof TARGET_NAMES)[number];

/** Where a target gets what it needs. */
export interface TargetContext {
  /** `127.0.0.1:PORT` of the upstream. */
  readonly upstream: string;
  readonly upstream_pid: number;
  /** An empty folder of its own. */
  readonly folder: string;
  /** Root of the repository. */
  readonly root: string;
  /** Words to put before a command line, to pin it to a core. */
  readonly prefix: readonly string[];
}

export interface RunningTarget {
  readonly name: TargetName;
  /** Root of the process tree that is measured. */
  readonly pid: number;
  readonly command: string;
  url(body: BodyKind): string;
  readonly headers: readonly string[];
  /** Its own account of decision times so far; absent where it keeps none. */
  decisions?(): Promise<Buckets>;
  /** The last of what it wrote to stderr, for the message when it fails. */
  stderr(): string;
  stop(): Promise<void>;
}

/** A target that cannot run here or that failed on the way, and why. */
export interface MissingTarget {
  readonly name: TargetName;
  readonly missing: string;
}

export const CHAT_PATH = '/v1/chat/completions';
