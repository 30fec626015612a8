import { randomBytes } from 'node:crypto';
import type { OwnerMessage } from '@atp-router/flow';

/** What processes of different machines send each other. */
export interface Envelope {
  /** `leader`: from a worker to whoever holds the limits. `member`: the other way. */
  readonly to: 'leader' | 'member';
  /** `credit`, or what else workers tell their owner, and an owner its workers. */
  readonly kind: string;
  readonly worker: string;
  readonly body: unknown;
}

export function toLeader(kind: string, worker: string, body: unknown): Envelope {
  return { to: 'leader', kind, worker, body };
}

export function toMember(message: OwnerMessage): Envelope {
  return { to: 'member', kind: 'credit', worker: message.worker, body: message };
}

/** To a process, for all of its workers. */
export function toAllOf(kind: string, body: unknown): Envelope {
  return { to: 'member', kind, worker: '', body };
}

export function isEnvelope(value: unknown): value is Envelope {
  if (typeof value !== 'object' || value === null) return false;
  const { to, kind, worker } = value as Partial<Record<keyof Envelope, unknown>>;
  return (to === 'leader' || to === 'member') && typeof kind === 'string' && typeof worker === 'string';
}

/** Of a process: no other has it, not even one of a data directory that was copied or set back. */
export function addressOf(member_id: string, incarnation: number): string {
  return `${member_id}#${incarnation}.${randomBytes(4).toString('hex')}`;
}

export function memberOfAddress(address: string): string {
  return address.slice(0, Math.max(0, address.lastIndexOf('#')));
}

/** Of the name of one of its workers. */
export function memberOfWorker(worker: string): string {
  return worker.slice(0, Math.max(0, worker.lastIndexOf('.')));
}
