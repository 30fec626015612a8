import { ask } from '@atp-router/dialects';
import { AtpError, isJsonObject, type Limits, NANOS_PER_MICRO } from '@atp-router/kernel';
import { factsOfMeta } from '@atp-router/routing';
import type { DispatchContent, Frame, Meta, WireValue } from '@atp-router/wire';
import type { CallOptions, CallRequest } from '../engine/request.ts';
import { withWishes } from '../http/data-plane.ts';
import { generateOperation } from '../http/generate-endpoint.ts';
import { readTrace } from '../http/headers.ts';
import { parseBody } from '../http/json-body.ts';
import { TaskSink } from './task-sink.ts';
import type { TaskStream } from './task-stream.ts';

/** The name of tasks in records and metrics. */
export const TASK_ENDPOINT = 'atp';

/** Who sent a task and when it came. */
export interface TaskOrigin {
  readonly call_id: string;
  readonly tenant: string;
  readonly key_id: string;
  readonly session_id: string;
  readonly started_ms: number;
  readonly started_mono_ms: number;
}

/**
 * A task frame as a call: `agent.dispatch` whose `task` is a request in the shape of `ask`. What the frame says of
 * service, scope, money and time wins over what the task says, as headers win over bodies. Throws `AtpError`.
 */
export function taskRequest(
  frame: Frame,
  stream: TaskStream,
  origin: TaskOrigin,
  limits: Limits,
  hash: (bytes: Uint8Array) => string,
): CallRequest {
  const { task, budget } = dispatchOf(frame);
  if (containsBytes(task)) throw bad('task', 'without bytes: `ask` takes media as base64 text');
  const body = parseBody(Buffer.from(JSON.stringify(task)), limits);
  const { wishes, ...operation } = generateOperation(ask, { ...body, json: { stream: true, ...body.json } }, limits);
  const options = optionsOf(frame, budget);
  return {
    ...operation,
    ...origin,
    endpoint: TASK_ENDPOINT,
    options: wishes === undefined ? options : withWishes(wishes, options),
    sink: new TaskSink(stream, limits.frame_bytes),
    deciding_since_mono_ms: origin.started_mono_ms,
    bodyHash: () => hash(body.bytes),
  };
}

function dispatchOf({ payload }: Frame): DispatchContent & { readonly task: WireValue } {
  if (payload?.type !== 'agent.dispatch') {
    throw new AtpError('invalid_request', 'A stream begins with "agent.dispatch".', { param: 'payload.type' });
  }
  // The decoder has held the content to its table.
  const content = payload.content as DispatchContent;
  if (!isJsonObject(content.task)) throw bad('task', 'an object in the shape of `ask`');
  return { ...content, task: content.task as WireValue };
}

function optionsOf({ qos, meta = {} }: Frame, budget: DispatchContent['budget']): CallOptions {
  const { task_type, data_scope, deadline_ms, idempotency_key, via } = meta;
  return {
    qos,
    task_type,
    data_scopes: data_scope ?? [],
    facts: factsOfMeta(meta),
    max_usd_nanos: budget?.usd_micros === undefined ? undefined : budget.usd_micros * NANOS_PER_MICRO,
    max_tokens: budget?.tokens,
    deadline_ms,
    idempotency_key,
    trace: traceOf(meta),
    via,
  };
}

function traceOf({ trace }: Meta): CallOptions['trace'] {
  return trace === undefined ? undefined : readTrace(trace);
}

/** The depth is bounded by the decoder. */
function containsBytes(value: WireValue | undefined): boolean {
  if (value instanceof Uint8Array) return true;
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((one) => containsBytes(one as WireValue));
}

function bad(field: string, expected: string): AtpError {
  return new AtpError('invalid_request', `"payload.content.${field}" must be ${expected}.`, { param: field });
}
