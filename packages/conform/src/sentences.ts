import { AGENTS_COMING } from './judges/agents-coming.ts';
import { AGENTS_ENDS } from './judges/agents-ends.ts';
import { AGENTS_WORK } from './judges/agents-work.ts';
import { CBOR_SENTENCES } from './judges/cbor.ts';
import { ERRORS } from './judges/errors.ts';
import { FORMS } from './judges/forms.ts';
import { FRAGMENT_ENDS } from './judges/fragment-ends.ts';
import { FRAGMENTS } from './judges/fragments.ts';
import { HIDDEN } from './judges/hidden.ts';
import { MESSAGES } from './judges/messages.ts';
import { OPENING } from './judges/opening.ts';
import { PLAIN_HTTP } from './judges/plain-http.ts';
import { PLAIN_HTTP_TASKS } from './judges/plain-http-tasks.ts';
import { QUIET } from './judges/quiet.ts';
import { RESUMING } from './judges/resuming.ts';
import { SEALS } from './judges/seals.ts';
import { SOCKETS } from './judges/sockets.ts';
import { STREAMS } from './judges/streams.ts';
import { TASKS } from './judges/tasks.ts';
import type { Sentence } from './sentence.ts';

const byNumber = (one: Sentence, other: Sentence): number =>
  'WSTA'.indexOf(one.id[0] as string) - 'WSTA'.indexOf(other.id[0] as string) ||
  Number(one.id.slice(1)) - Number(other.id.slice(1));

/** Every normative sentence of docs/protocol/atp.md, atp-sessions.md, atp-transports.md and atp-agents.md, in their order. */
export const SENTENCES: readonly Sentence[] = [
  ...FORMS,
  ...CBOR_SENTENCES,
  ...SEALS,
  ...FRAGMENTS,
  ...FRAGMENT_ENDS,
  ...ERRORS,
  ...OPENING,
  ...STREAMS,
  ...MESSAGES,
  ...QUIET,
  ...RESUMING,
  ...TASKS,
  ...SOCKETS,
  ...PLAIN_HTTP,
  ...PLAIN_HTTP_TASKS,
  ...AGENTS_COMING,
  ...AGENTS_WORK,
  ...AGENTS_ENDS,
  ...HIDDEN,
].toSorted(byNumber);
