/** Places at which a router process can be made to die. The name says what is about to happen, or has just happened. */
export const JOURNAL_POINTS = [
  /** The first intent of a call: nothing of it is in the file yet, so the upstream has not been asked. */
  'opened.before',
  /** Half of the block is written. */
  'opened.middle',
  /** The intent is in the file; the request has not left. */
  'opened.after',
  'started.before',
  'started.after',
  'progress.before',
  'progress.after',
  /** The upstream has answered; the usage record is not in the file, and the client lacks its last byte. */
  'ended.before',
  'ended.middle',
  /** The usage record is in the file; the client still lacks its last byte. */
  'ended.after',
] as const;

export const PROJECTION_POINTS = ['projection.begin', 'projection.commit', 'projection.committed'] as const;

export type KillPoint = (typeof JOURNAL_POINTS)[number] | (typeof PROJECTION_POINTS)[number];

/** What a journal block of each kind contains. */
export const BLOCK_MARKS: Readonly<Record<string, string>> = {
  opened: '"type":"call.opened"',
  started: '"type":"attempt.started"',
  progress: '"type":"attempt.progress"',
  ended: '"type":"call.ended"',
};

/** The process dies when it comes to the point for so many times. */
export interface Armed {
  readonly point: KillPoint;
  readonly visits: number;
}

/** Arms the hooks from the start of the process, also for what it recovers; JSON of `Armed`. */
export const KILL_VARIABLE = 'ATP_E2E_KILL';

/** Arms them later: a message of this form over the process channel. */
export interface ArmMessage {
  readonly arm: Armed;
}
