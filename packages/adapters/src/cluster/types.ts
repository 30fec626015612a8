import type { Beat, BeatAnswer, KeptTotal } from '@atp-router/flow';
import type { AtpError } from '@atp-router/kernel';
import type { ValkeyAddress } from '../valkey/connect.ts';

export interface ClusterOptions extends ValkeyAddress {
  /** Before all keys. */
  readonly prefix: string;
  /** Of this process and of no other, before or after. Without spaces. */
  readonly self: string;
  /** So long a run of the server has to be known before its list of members counts as whole. */
  readonly settled_ms: number;
  /** What came from another process, in the order in which it sent it. Each message may be anything. */
  readonly onMessages: (from: string, messages: readonly unknown[]) => void;
  /** What was sent, or would have come, may be lost; from now on it is not. */
  readonly onLost: () => void;
  /** The server cannot be used; told once until it can be again. */
  readonly onProblem: (problem: AtpError) => void;
}

export interface ClusterStats {
  readonly is_up: boolean;
  readonly sent_total: number;
  readonly received_total: number;
  /** Not sent, as there was no server, or too much waited for it. */
  readonly lost_total: number;
  /** Of the latest beat; undefined: none was answered yet. */
  readonly round_trip_ms: number | undefined;
}

/** The way to other machines: a place to agree at, and messages that may be lost. */
export interface Cluster {
  /** Rejects when there is no answer in time; it may have been done all the same. */
  beat(beat: Beat, workers: readonly string[]): Promise<BeatAnswer>;
  /** The record of this leader may be taken at once. */
  leave(epoch: number): Promise<void>;
  /** Whoever leads later can read it, unless the server comes back empty. Rejects when that is not sure. */
  keep(totals: readonly KeptTotal[]): Promise<void>;
  /** What was kept of a UTC day (days since the Unix epoch), whoever led. What is not understood is left out. */
  kept(day: number): Promise<readonly KeptTotal[]>;
  /** With all else that this turn of the event loop sends. */
  send(to: string, message: unknown): void;
  stats(): ClusterStats;
  close(): Promise<void>;
}
