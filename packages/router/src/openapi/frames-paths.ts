import type { JsonObject } from '@atp-router/kernel';
import { ref } from './schema.ts';

export const FRAMES_TAGS: readonly JsonObject[] = [
  {
    name: 'frames',
    description:
      'The Agent Transport Protocol: frames over a WebSocket, or over plain HTTP. What they mean is in `docs/protocol`.',
  },
];

const error = {
  description: 'Refused; the error says why.',
  content: { 'application/json': { schema: ref('OpenAiError') } },
};
const id = {
  ...{ name: 'id', in: 'path', required: true, schema: { type: 'string' } },
  description: 'The connection: the last segment of `Location` of the answer that opened it.',
};
const frame = { description: 'One frame.', schema: { type: 'object' } };
const frames: JsonObject = {
  'application/json': frame,
  'application/cbor': { schema: { type: 'string', format: 'binary' } },
};

/** The ways for frames. All but the WebSocket's may be used by whoever cannot open one. */
export const FRAMES_PATHS: JsonObject = {
  '/ws': {
    get: {
      ...{ operationId: 'openWebSocket', tags: ['frames'], summary: 'Opens a WebSocket that carries frames.' },
      description:
        'Subprotocol `atp.v1`. A key may come in a header, as a further subprotocol `atp.key.<key>`, or in the first frame. Text messages are frames in JSON, binary ones in CBOR.',
      responses: { '101': { description: 'The connection is a WebSocket.' }, default: error },
    },
  },
  '/v1/streams': {
    post: {
      ...{ operationId: 'openStream', tags: ['frames'], summary: 'Opens a connection for frames by its first one.' },
      requestBody: { required: true, content: frames },
      responses: {
        '201': { description: 'The frame that answers; `Location` names the connection.', content: frames },
        default: error,
      },
    },
  },
  '/v1/streams/{id}/frames': {
    post: {
      ...{ operationId: 'sendFrames', tags: ['frames'], summary: 'Sends one frame, or several in their order.' },
      parameters: [id],
      requestBody: {
        required: true,
        content: {
          ...frames,
          'application/x-ndjson': { schema: { type: 'string', description: 'One frame in JSON for each line.' } },
          'application/vnd.atp.frames': { schema: { type: 'string', format: 'binary' } },
        },
      },
      responses: { '202': { description: 'All were handed on.' }, default: error },
    },
  },
  '/v1/streams/{id}/events': {
    get: {
      ...{
        operationId: 'readFrames',
        tags: ['frames'],
        summary: 'Reads the frames of the router as server-sent events.',
      },
      parameters: [
        id,
        {
          ...{ name: 'last-event-id', in: 'header', schema: { type: 'integer' } },
          description: 'The last event that was read; what followed it comes first.',
        },
      ],
      responses: {
        '200': {
          description: 'One frame in JSON for each event, whose `id` rises by one.',
          content: { 'text/event-stream': { schema: { type: 'string' } } },
        },
        default: error,
      },
    },
  },
};
