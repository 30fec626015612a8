import type { Outgoing } from '@atp-router/session';
import type { Meta } from '@atp-router/wire';
import type { AskRequest, TaskOptions } from './types.ts';

/** The message that asks for a task. `left_ms` are what is left of its deadline. */
export function requestMessage(
  session_id: string,
  request: AskRequest,
  options: TaskOptions,
  left_ms: number | undefined,
): Outgoing {
  const { qos, max_usd_micros, max_tokens, traceparent, task_type, data_scope, idempotency_key, via } = options;
  const budget = {
    ...(max_tokens !== undefined && { tokens: max_tokens }),
    ...(max_usd_micros !== undefined && { usd_micros: max_usd_micros }),
  };
  const content = { session_id, targets: [], budget, task: { ...request } };
  const meta: Meta = {
    ...(task_type !== undefined && { task_type }),
    ...(data_scope !== undefined && { data_scope }),
    ...(left_ms !== undefined && { deadline_ms: Math.ceil(left_ms) }),
    ...(idempotency_key !== undefined && { idempotency_key }),
    ...(traceparent !== undefined && { trace: traceparent }),
    ...(via !== undefined && via.length > 0 && { via }),
  };
  return { payload: { type: 'agent.dispatch', content }, meta, ...(qos !== undefined && { qos }) };
}
