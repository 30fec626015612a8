import { describe, expect, test } from 'vitest';
import {
  anthropicMessages,
  ask,
  gemini,
  ollama,
  openaiChat,
  openaiResponses,
  remoteToAtpError,
} from '../../src/index.ts';
import { decodeStream } from './wire.ts';

const DIALECTS = [openaiChat, openaiResponses, anthropicMessages, gemini, ollama, ask];
const SAID = 'Rate limit reached in organization org-AbC123456789 on tokens';
const body = (message: string): string => JSON.stringify({ error: { message, type: 'some_error', code: null } });

describe.each(DIALECTS.map((dialect) => [dialect.id, dialect] as const))('errors of %s', (_id, dialect) => {
  test('402 says that the router’s account is empty: not the client’s fault, and another provider may do', () => {
    const remote = dialect.decodeError(402, body('Insufficient Balance'));
    expect(remote).toMatchObject({ status: 402, kind: 'quota' });
    expect(remoteToAtpError(remote, 'up')).toMatchObject({ code: 'upstream_error', status: 502 });
  });

  test.each([401, 402, 403, 404, 429, 500, 503, 529])('what is said with %i stays with the operator', (status) => {
    const error = remoteToAtpError(dialect.decodeError(status, body(SAID)), 'up');
    expect(error.message).not.toMatch(/org-|organization/);
    expect(error.message).toContain('"up"');
    expect(error.cause).toBe(SAID);
  });

  test('what is said of the request itself is told, but for ids of accounts', () => {
    const error = remoteToAtpError(dialect.decodeError(400, body('org-AbC123456789 may not set "top_k"')), 'up');
    expect(error).toMatchObject({ code: 'upstream_rejected', status: 400 });
    expect(error.message).toContain('It said: [account] may not set "top_k"');
  });
});

test.each([
  [408, 'upstream_timeout', 504],
  [409, 'upstream_error', 502],
  [425, 'upstream_error', 502],
])('%i is tried again by the router, and the client may do so too', (status, code, told) => {
  for (const dialect of DIALECTS) {
    const error = remoteToAtpError(dialect.decodeError(status, body(SAID)), 'up');
    expect(error).toMatchObject({ code, status: told, retryable: true, cause: SAID });
    expect(error.message).toMatch(/^Provider "up" [a-z ]+\.$/);
  }
});

test('402 inside a stream', () => {
  const text = 'data: {"error":{"message":"Insufficient credits","code":402}}\n\n';
  const [event] = decodeStream(openaiChat, [new TextEncoder().encode(text)]);
  expect(event).toMatchObject({ type: 'error', error: { status: 402, kind: 'quota' } });
});

test('a limit that Anthropic’s account has is no fault of the request', () => {
  const message = 'You have reached your specified API usage limits. You will regain access on 2026-12-01.';
  const told = JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message } });
  expect(anthropicMessages.decodeError(400, told).kind).toBe('quota');
});
