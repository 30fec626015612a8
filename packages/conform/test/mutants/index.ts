import { AGENTS } from './agents.ts';
import { CBOR, FRAGMENTS, SEALS } from './bytes.ts';
import { ERRORS, FORMS } from './forms.ts';
import type { Mutant } from './mutant.ts';
import { OPENING } from './opening.ts';
import { MESSAGES, QUIET, REFUSALS, RESUMING, STREAMS } from './sessions.ts';
import { TASKS } from './tasks.ts';
import { PLAIN_HTTP, SOCKETS } from './transports.ts';

export const MUTANTS: readonly Mutant[] = [
  ...FORMS,
  ...CBOR,
  ...SEALS,
  ...FRAGMENTS,
  ...ERRORS,
  ...OPENING,
  ...STREAMS,
  ...REFUSALS,
  ...MESSAGES,
  ...QUIET,
  ...RESUMING,
  ...TASKS,
  ...SOCKETS,
  ...PLAIN_HTTP,
  ...AGENTS,
];
