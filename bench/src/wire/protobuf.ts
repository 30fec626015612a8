import { create, createFileRegistry, type DescMessage, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type FieldDescriptorProto_Label,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import type { Frame } from '@atp-router/wire';
import { itemsOf, type StreamSample, streamOf } from './frames.ts';

// The sample frames as messages of protobuf-es. The descriptor is made when the benchmark starts: code that its generator
// writes would hold the same descriptor as text and be interpreted alike. Every choice is the faster one for protobuf: numbers
// of 32 bits where ATP has 53, and messages for contents that ATP leaves to the peers and protobuf could only carry as
// `google.protobuf.Value`.

type Field = readonly [name: string, type: Type | string, label?: FieldDescriptorProto_Label];

const MESSAGES: Readonly<Record<string, readonly Field[]>> = {
  Meta: [
    ['task_type', Type.STRING],
    ['languages', Type.STRING, Label.REPEATED],
    ['risk', Type.STRING],
    ['data_scope', Type.STRING, Label.REPEATED],
    ['trace', Type.STRING],
  ],
  Cost: [
    ['in_tokens', Type.UINT32],
    ['out_tokens', Type.UINT32],
    ['usd_micros', Type.UINT32],
  ],
  Stream: [
    ['session_id', Type.STRING],
    ['persona_id', Type.STRING],
    ['clone_id', Type.STRING],
    ['seq', Type.UINT32],
    ['data', Type.STRING],
    ['data_bytes', Type.BYTES],
  ],
  Item: [
    ['id', Type.STRING],
    ['score', Type.DOUBLE],
    ['title', Type.STRING],
    ['ok', Type.BOOL],
  ],
  Payload: [
    ['type', Type.STRING],
    ['confidence', Type.DOUBLE],
    ['cost_est', 'Cost'],
    ['text', Type.STRING],
    ['bytes', Type.BYTES],
    ['stream', 'Stream'],
    ['items', 'Item', Label.REPEATED],
  ],
  Frame: [
    ['v', Type.UINT32],
    ['session_id', Type.STRING],
    ['stream_id', Type.STRING],
    ['msg_seq', Type.UINT32],
    ['qos', Type.STRING],
    ['ttl', Type.UINT32],
    ['meta', 'Meta'],
    ['payload', 'Payload'],
  ],
};

function frameMessage(): DescMessage {
  const messageType = Object.entries(MESSAGES).map(([name, fields]) => ({
    name,
    field: fields.map(([field, type, label = Label.OPTIONAL], i) => ({
      ...{ name: field, number: i + 1, label },
      ...(typeof type === 'string' ? { type: Type.MESSAGE, typeName: `.bench.${type}` } : { type }),
    })),
  }));
  const file = create(FileDescriptorProtoSchema, {
    ...{ name: 'bench.proto', package: 'bench', syntax: 'proto3', messageType },
  });
  const found = createFileRegistry(file, () => undefined).getMessage('bench.Frame');
  if (found === undefined) throw new Error('the descriptor of the sample frames holds no bench.Frame');
  return found;
}

/** What is to be set, by the names that protobuf-es gives to fields. */
function init(frame: Frame): Record<string, unknown> {
  const { meta, payload, session_id, stream_id, msg_seq, qos = '', ttl = 0 } = frame;
  const cost = payload?.cost_est;
  return {
    ...{ v: 1, sessionId: session_id, streamId: stream_id, msgSeq: msg_seq, qos, ttl },
    ...(meta && { meta: { ...meta, taskType: meta.task_type, dataScope: meta.data_scope } }),
    payload: {
      type: payload?.type,
      ...(payload?.confidence !== undefined && { confidence: payload.confidence }),
      ...(cost && {
        costEst: { inTokens: cost.in_tokens, outTokens: cost.out_tokens, usdMicros: cost.usd_micros },
      }),
      ...content(payload?.content),
    },
  };
}

function content(value: unknown): Record<string, unknown> {
  if (typeof value === 'string') return { text: value };
  if (value instanceof Uint8Array) return { bytes: value };
  if (Array.isArray(value)) return { items: itemsOf(value) };
  const { session_id, persona_id, clone_id, seq, data }: StreamSample = streamOf(value);
  const ids = { sessionId: session_id, personaId: persona_id, cloneId: clone_id, seq };
  return { stream: { ...ids, ...(typeof data === 'string' ? { data } : { dataBytes: data }) } };
}

export interface Binary {
  readonly bytes: Uint8Array;
  encode(): Uint8Array;
  decode(): object;
}

export function protobufOf(frame: Frame): Binary {
  const schema = frameMessage();
  const message = create(schema, init(frame));
  const bytes = toBinary(schema, message);
  return {
    bytes,
    encode: () => toBinary(schema, message),
    decode: () => fromBinary(schema, bytes),
  };
}
