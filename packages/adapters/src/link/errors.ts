import { AtpError, type AtpErrorOptions, ERROR_CATALOGUE, type ErrorCode, isAtpError } from '@atp-router/kernel';

/** What of an error travels beside its code. Never the cause, which may name hosts and files. */
type Traveller = Pick<AtpErrorOptions, 'origin' | 'param' | 'retry_after_ms' | 'status' | 'details'> & {
  readonly message: string;
};

/** An error as a frame carries it: `kind` is its code. */
export function toFailure(error: AtpError): { readonly kind: ErrorCode; readonly body: Traveller } {
  const { code, message, origin, param, retry_after_ms, status, details } = error;
  const body = { message, origin, status, param, retry_after_ms, details };
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
  return { kind: code, body: given as unknown as Traveller };
}

/** The error of the other side. One that it does not have, or without words, is its fault: `internal_error`. */
export function fromFailure(kind: string, body: unknown): AtpError {
  if (!Object.hasOwn(ERROR_CATALOGUE, kind) || !isTraveller(body)) {
    return new AtpError('internal_error', 'The other process of this router answered with an error that is none.');
  }
  const { message, ...options } = body;
  return new AtpError(kind as ErrorCode, message, options);
}

function isTraveller(body: unknown): body is Traveller {
  return typeof body === 'object' && body !== null && 'message' in body && typeof body.message === 'string';
}

/** What a handler threw, as the other side may see it. */
export function answerTo(error: unknown, kind: string): AtpError {
  if (isAtpError(error)) return error;
  const text = `The process of this router that was asked for "${kind}" failed. The fault is logged.`;
  return new AtpError('internal_error', text, { cause: error });
}

export function linkDown(path: string): AtpError {
  const text = `The link to another process of this router (${path}) is down. It is made again by itself; retry soon.`;
  return new AtpError('internal_error', text, { status: 503 });
}

export function noAnswer(path: string, kind: string): AtpError {
  const text = `Another process of this router (${path}) did not answer "${kind}" in time. Retry soon.`;
  return new AtpError('internal_error', text, { status: 503 });
}

export function tooManyQuestions(max: number): AtpError {
  const text = `${max} questions between processes of this router are open, and there may be no more. Retry soon.`;
  return new AtpError('backpressure', text);
}

/** A fault of a link, for whoever runs the router. `what` continues the sentence. */
export function linkProblem(path: string, what: string, cause?: unknown): AtpError {
  return new AtpError('internal_error', `The link at ${path} ${what}.`, cause === undefined ? {} : { cause });
}

interface Edition {
  readonly protocol: number;
  readonly version: string;
}

/** Why the two cannot talk with each other, in words; undefined: they can. */
export function otherVersion(theirs: Edition, ours: Edition, path: string): string | undefined {
  if (theirs.protocol === ours.protocol && theirs.version === ours.version) return undefined;
  const say = ({ protocol, version }: Edition): string => `${version} (links ${protocol})`;
  const remedy = 'Processes of one router have to be of one version: stop them all, and start them again.';
  return `The process that listens at ${path} is of version ${say(ours)}, the one that connects is of ${say(theirs)}. ${remedy}`;
}
