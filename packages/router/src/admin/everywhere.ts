import { AtpError } from '@atp-router/kernel';
import type { OtherProcesses, OtherReply } from '../processes/other-processes.ts';

/** What this process says to a question that others are asked, too. */
export type Own<Q, A> = (question: Q) => A | Promise<A>;

/** Kinds of questions about what a process has at this moment. */
export const ASKED = {
  call: 'admin.call',
  cancel: 'admin.cancel',
  live: 'admin.live',
  flow: 'admin.flow',
  sessions: 'admin.sessions',
  end_session: 'admin.sessions.end',
  check_provider: 'admin.providers.check',
  estimate: 'admin.estimate',
  status: 'admin.status',
  stop: 'admin.stop',
  close_observations: 'admin.observations.close',
  cache: 'admin.cache',
  clear_cache: 'admin.cache.clear',
} as const;

type Kind = (typeof ASKED)[keyof typeof ASKED];

/** What this process and all others say, this one first. Who does not answer in time is left out. */
export async function everywhere<Q, A>(
  others: OtherProcesses | undefined,
  kind: Kind,
  own: Own<Q, A>,
  question: Q,
): Promise<readonly A[]> {
  const asked = others?.ask(kind, question);
  const first = await own(question);
  return [first, ...answersIn<A>((await asked) ?? [])];
}

/** The same, where nothing may be done unless all have answered. Throws `backpressure` when one does not. */
export async function everywhereOrNowhere<Q, A>(
  others: OtherProcesses | undefined,
  kind: Kind,
  own: Own<Q, A>,
  question: Q,
): Promise<readonly A[]> {
  const asked = others?.ask(kind, question);
  const first = await own(question);
  const replies = (await asked) ?? [];
  const silent = replies.find((reply) => !reply.ok);
  if (silent === undefined) return [first, ...answersIn<A>(replies)];
  const message = `${silent.process} does not answer, so nothing was done. Retry shortly.`;
  throw new AtpError('backpressure', message, { retry_after_ms: 1_000 });
}

/**
 * Whether this process or another did it. Throws `backpressure` when none says so and one says nothing: it may be the one.
 */
export async function anywhere<Q>(
  others: OtherProcesses | undefined,
  kind: Kind,
  own: Own<Q, boolean>,
  question: Q,
): Promise<boolean> {
  const asked = others?.ask(kind, question);
  if (await own(question)) return true;
  const replies = (await asked) ?? [];
  if (answersIn<boolean>(replies).includes(true)) return true;
  const silent = replies.find((reply) => !reply.ok);
  if (silent === undefined) return false;
  const message = `${silent.process} does not answer, and may be the one that has it. Retry shortly.`;
  throw new AtpError('backpressure', message, { retry_after_ms: 1_000 });
}

export function answersIn<A>(replies: readonly OtherReply[]): readonly A[] {
  return replies.flatMap((reply) => (reply.ok ? [reply.answer as A] : []));
}
