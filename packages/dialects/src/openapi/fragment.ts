import type { JsonObject } from '@atp-router/kernel';

/** A part of an OpenAPI 3.1 document; `/openapi.json` joins them. Schemas are JSON Schema 2020-12. */
export interface OpenApiFragment {
  readonly tags: readonly JsonObject[];
  readonly paths: JsonObject;
  readonly schemas: JsonObject;
}

export function ref(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

export function str(description?: string, more: JsonObject = {}): JsonObject {
  return { type: 'string', ...describe(description), ...more };
}

export function int(description?: string, more: JsonObject = {}): JsonObject {
  return { type: 'integer', ...describe(description), ...more };
}

export function num(description?: string, more: JsonObject = {}): JsonObject {
  return { type: 'number', ...describe(description), ...more };
}

export function bool(description?: string): JsonObject {
  return { type: 'boolean', ...describe(description) };
}

export function list(items: JsonObject, description?: string, more: JsonObject = {}): JsonObject {
  return { type: 'array', items, ...describe(description), ...more };
}

export function oneOf(options: readonly JsonObject[], description?: string): JsonObject {
  return { anyOf: options, ...describe(description) };
}

export function orNull(schema: JsonObject): JsonObject {
  return { anyOf: [schema, { type: 'null' }] };
}

export function enums(values: readonly string[], description?: string): JsonObject {
  return { type: 'string', enum: values, ...describe(description) };
}

/** An object with these properties; further ones are allowed, because every shape grows. */
export function object(properties: JsonObject, required: readonly string[] = [], description?: string): JsonObject {
  return {
    type: 'object',
    ...describe(description),
    properties,
    ...(required.length === 0 ? {} : { required }),
  };
}

/** An object of a union, told apart by its `type`. */
export function tagged(type: string, properties: JsonObject, required: readonly string[] = []): JsonObject {
  return object({ type: { const: type }, ...properties }, ['type', ...required]);
}

export function anyObject(description?: string): JsonObject {
  return { type: 'object', ...describe(description) };
}

function describe(description: string | undefined): JsonObject {
  return description === undefined ? {} : { description };
}

export interface OperationSpec {
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly request?: { readonly schema: string; readonly example?: JsonObject };
  readonly answer: string;
  /** Name of the schema of one event; the operation then also answers as a stream. */
  readonly event?: string;
  /** Schema of every error answer. */
  readonly error: string;
  /** Calls cost money and take the `x-atp-*` headers; look-ups do not. */
  readonly is_call: boolean;
}

const CALL_PARAMETERS: readonly JsonObject[] = [
  header('x-atp-task-type', 'Chooses the policy.', str()),
  header('x-atp-qos', "Service tier, never better than the tenant's.", enums(['gold', 'silver', 'bronze'])),
  header('x-atp-data-scope', 'Scopes of the data in the request, separated by commas.', str()),
  header(
    'x-atp-facts',
    'Facts of the task that policies match, such as `diff_loc=180; risk=high; languages=ts,go`.',
    str(),
  ),
  header('x-atp-max-usd', 'The most that this call may cost, in US dollars.', num(undefined, { minimum: 0 })),
  header(
    'x-atp-deadline-ms',
    'Milliseconds from the arrival of the request until the answer is of no more use.',
    int(undefined, { minimum: 1 }),
  ),
  header('idempotency-key', 'The same key and body answer with the first outcome and bill once.', str()),
  header('traceparent', 'W3C Trace Context.', str()),
];

const CALL_HEADERS: JsonObject = {
  'x-atp-request-id': { description: 'Id of the call in the journal.', schema: str() },
  'x-atp-model': { description: 'The model that answered.', schema: str() },
  'x-atp-attempts': { description: 'Attempts made.', schema: int() },
  'x-atp-cost-usd-micros': { description: 'Billed cost in millionths of a US dollar (whole answers).', schema: int() },
  'x-atp-ignored': { description: 'Fields that had no effect, separated by commas.', schema: str() },
  'x-atp-simulated': { description: '`true`: the answer was made up by the built-in simulator.', schema: str() },
};

const ERROR_HEADERS: JsonObject = {
  'x-atp-request-id': { description: 'Id of the call in the journal.', schema: str() },
  'retry-after': { description: 'Seconds until a retry can succeed.', schema: int() },
};

function header(name: string, description: string, schema: JsonObject): JsonObject {
  return { name, in: 'header', required: false, description, schema };
}

/** One operation object. Errors are described once, by `default`: the statuses follow from the catalogue of codes. */
export function operation(spec: OperationSpec): JsonObject {
  return {
    operationId: spec.id,
    tags: [spec.tag],
    summary: spec.summary,
    ...describe(spec.description),
    ...(spec.is_call ? { parameters: CALL_PARAMETERS } : {}),
    ...(spec.request === undefined ? {} : { requestBody: requestBody(spec.request) }),
    responses: {
      '200': {
        description: spec.event === undefined ? 'The answer.' : 'The answer, whole or as a stream.',
        ...(spec.is_call ? { headers: CALL_HEADERS } : {}),
        content: {
          'application/json': { schema: ref(spec.answer) },
          ...(spec.event === undefined ? {} : { 'text/event-stream': { schema: ref(spec.event) } }),
        },
      },
      default: {
        description: 'An error; the status is the one of its code.',
        headers: ERROR_HEADERS,
        content: { 'application/json': { schema: ref(spec.error) } },
      },
    },
  };
}

function requestBody(request: { readonly schema: string; readonly example?: JsonObject }): JsonObject {
  return {
    required: true,
    content: {
      'application/json': {
        schema: ref(request.schema),
        ...(request.example === undefined ? {} : { example: request.example }),
      },
    },
  };
}

/** Joins fragments. A name that two of them define would silently hide one, so it is an error. */
export function joinFragments(fragments: readonly OpenApiFragment[]): OpenApiFragment {
  return {
    tags: fragments.flatMap((f) => f.tags),
    paths: join(fragments.map((f) => f.paths)),
    schemas: join(fragments.map((f) => f.schemas)),
  };
}

function join(objects: readonly JsonObject[]): JsonObject {
  const out = new Map<string, JsonObject[string]>();
  for (const o of objects) {
    for (const [key, value] of Object.entries(o)) {
      if (out.has(key)) throw new Error(`"${key}" is defined twice`);
      out.set(key, value);
    }
  }
  return Object.fromEntries(out);
}
