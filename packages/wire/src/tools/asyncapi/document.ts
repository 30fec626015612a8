import { CONTENTS, PAYLOAD_TYPES } from '../../fields/content-fields.ts';
import { PROTOCOL_MAJOR } from '../../frame.ts';
import type { PayloadType } from '../../payloads.ts';
import { frameSchema, type JsonSchema } from '../../schema/schema.ts';
import { type Channel, CHANNELS, type Operation } from './channels.ts';

const SCHEMAS = '#/components/schemas/';
const ANY_FRAME = 'frame';

/** What the results and other types without a shape of their own are. */
const FREE_SUMMARIES: Readonly<Partial<Record<PayloadType, string>>> = {
  'agent.result.partial': 'A part of a result.',
  'agent.result.provisional': 'A result that may be revised, and holds for expiry_ms.',
  'agent.result.final': 'A result.',
  'agent.question': 'A question to whoever gave the work.',
  'agent.log': 'What is worth noting.',
};

/**
 * The AsyncAPI 3.0 document: channels and operations, one message for each payload type, and the schemas of the tables of
 * fields. AsyncAPI's own dialect of JSON Schema is draft 7, so the schema of frames is rewritten to it.
 */
export function asyncApiDocument(channels: readonly Channel[] = CHANNELS): JsonSchema {
  const messages = Object.fromEntries([
    [ANY_FRAME, frameMessage()],
    ...PAYLOAD_TYPES.map((type) => [type, payloadMessage(type)]),
  ]);
  return {
    asyncapi: '3.0.0',
    id: `urn:atp:${PROTOCOL_MAJOR}`,
    info: {
      title: 'Agent Transport Protocol',
      version: `${PROTOCOL_MAJOR}.0.0`,
      description:
        'Frames between clients, agents and a router. This document says where they go and what they hold; when they are sent is in docs/protocol/atp.md and the pages that it names.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      ws: { host: '127.0.0.1:7443', protocol: 'ws', description: 'A router on this machine.' },
      http: {
        host: '127.0.0.1:7443',
        protocol: 'http',
        description: 'The same router, for clients without WebSocket.',
      },
    },
    channels: Object.fromEntries(
      channels.map((channel) => [channel.id, channelObject(channel, Object.keys(messages))]),
    ),
    operations: Object.fromEntries(
      channels.flatMap((channel) =>
        channel.operations.map((operation) => [operation.id, operationObject(channel, operation)]),
      ),
    ),
    components: { schemas: schemas(), messages },
  };
}

function frameMessage(): JsonSchema {
  return {
    name: ANY_FRAME,
    title: 'Frame',
    summary: 'Any frame: without a payload, or with a payload of a type that is not listed here.',
    payload: { $ref: `${SCHEMAS}${ANY_FRAME}` },
  };
}

function payloadMessage(type: PayloadType): JsonSchema {
  const summary = CONTENTS[type]?.doc ?? FREE_SUMMARIES[type];
  return {
    name: type,
    title: type,
    ...(summary !== undefined && { summary }),
    payload: {
      allOf: [
        { $ref: `${SCHEMAS}${ANY_FRAME}` },
        {
          required: ['payload'],
          properties: { payload: { required: ['type'], properties: { type: { const: type } } } },
        },
      ],
    },
  };
}

function channelObject(channel: Channel, messages: readonly string[]): JsonSchema {
  const { address, title, description, protocol, parameters } = channel;
  const described = Object.entries(parameters ?? {}).map(([name, text]) => [name, { description: text }]);
  return {
    address,
    title,
    description,
    servers: [{ $ref: `#/servers/${protocol}` }],
    messages: Object.fromEntries(messages.map((id) => [id, { $ref: `#/components/messages/${id}` }])),
    ...(described.length > 0 && { parameters: Object.fromEntries(described) }),
    ...(protocol === 'ws' && { bindings: { ws: { method: 'GET', bindingVersion: '0.1.0' } } }),
  };
}

/** Without a list of messages an operation has all of its channel. */
function operationObject({ id, protocol }: Channel, { action, method, summary }: Operation): JsonSchema {
  return {
    action,
    summary,
    channel: { $ref: `#/channels/${id}` },
    ...(protocol === 'http' && { bindings: { http: { method, bindingVersion: '0.3.0' } } }),
  };
}

function schemas(): JsonSchema {
  const { $schema: _schema, $id: _id, $defs, ...frame } = frameSchema();
  const all = { [ANY_FRAME]: frame, ...($defs as Readonly<Record<string, JsonSchema>>) };
  return rewritten(all) as JsonSchema;
}

/** JSON Schema 2020-12 as draft 7, as far as the schema of frames goes. */
function rewritten(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewritten);
  if (typeof value !== 'object' || value === null) return value;
  const { dependentRequired, ...rest } = value as Record<string, unknown>;
  const members = Object.entries(rest).map(([name, one]) => [
    name,
    name === '$ref' && typeof one === 'string' ? one.replace('#/$defs/', SCHEMAS) : rewritten(one),
  ]);
  // Members of frames are never called so; if one were, the test against the meta-schema would tell.
  return {
    ...Object.fromEntries(members),
    ...(dependentRequired !== undefined && { dependencies: dependentRequired }),
  };
}
