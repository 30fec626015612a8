import {
  fromFailure,
  toFailure,
  type TransportFailure,
  type TransportFailureKind,
  type TransportVerdict,
  type UpstreamCaller,
  type UpstreamRequest,
} from '@atp-router/adapters';
import type { AgentWork } from '../../atp/agents/elsewhere.ts';
import { NOBODY, type Nobody } from '../../atp/agents/roster.ts';

/** One attempt as another process is asked to carry it. */
export interface Errand {
  readonly provider: string;
  readonly request: Pick<UpstreamRequest, 'head_timeout_ms' | 'idle_timeout_ms'> & { readonly body: string };
  readonly caller: UpstreamCaller;
}

/** What the process that carries says; behind `taken` it is what a transport tells of an exchange. */
export const SAYS = {
  /** `[id, number]`: of the agent at its process, and which of its dispatches this is. */
  taken: 'taken',
  /** A `Nobody`: nothing was sent to anybody. */
  refused: 'refused',
  sent: 'sent',
  /** `[status, content type]` */
  head: 'head',
  data: 'data',
  end: 'end',
  /** A `CarriedFailure`. */
  fail: 'fail',
} as const;

/** `node_id`: of this process, which the work has passed when it comes to the other one (S38). */
export function errandOf({ provider, request, caller }: AgentWork, node_id: string): Errand {
  const { body = '', head_timeout_ms, idle_timeout_ms } = request;
  const text = typeof body === 'string' ? body : Buffer.from(body).toString();
  return {
    ...{ provider: provider.id, request: { body: text, head_timeout_ms, idle_timeout_ms } },
    caller: { ...caller, via: [...caller.via, node_id] },
  };
}

/** Only agents' own transport reads it: no address is needed. */
export function requestOf({ request, caller }: Errand): UpstreamRequest {
  return { ...request, caller, origin: '', path: '', method: 'POST', headers: [] };
}

export function isErrand(hello: unknown): hello is Errand {
  const { provider, request, caller } = (hello ?? {}) as Partial<Record<keyof Errand, unknown>>;
  const { body } = (request ?? {}) as Partial<Record<string, unknown>>;
  return typeof provider === 'string' && typeof body === 'string' && typeof caller === 'object' && caller !== null;
}

/** A failure without its cause, which is for the log of the process where it came about. */
export interface CarriedFailure {
  readonly kind: TransportFailureKind;
  readonly verdict: (Omit<TransportVerdict, 'error'> & { readonly error: ReturnType<typeof toFailure> }) | undefined;
}

export function carriedFailure({ kind, verdict }: TransportFailure): CarriedFailure {
  return { kind, verdict: verdict && { ...verdict, error: toFailure(verdict.error) } };
}

export function failureOf({ kind, verdict }: CarriedFailure): TransportFailure {
  if (verdict === undefined) return { kind, cause: undefined };
  const error = fromFailure(verdict.error.kind, verdict.error.body);
  return { kind, cause: error, verdict: { ...verdict, error } };
}

export function nobodyOf(body: unknown): Nobody {
  return NOBODY.find((why) => why === body) ?? 'busy';
}
