import type { Frame } from '@atp-router/wire';
import { Builder, ByteBuffer } from 'flatbuffers';
import { itemsOf, streamOf } from './frames.ts';
import type { Binary } from './protobuf.ts';

// The sample frames as tables of FlatBuffers, written and read as the code does that its generator makes. As with protobuf,
// numbers have 32 bits, and contents that ATP leaves free have tables of their own.

/** Adds a field to the table that is being built, by its place. */
type Put = (builder: Builder, at: number) => void;

const put =
  (offset: number): Put =>
  (builder, at) =>
    builder.addFieldOffset(at, offset, 0);
const putInt =
  (value: number): Put =>
  (builder, at) =>
    builder.addFieldInt32(at, value, 0);
const putFloat =
  (value: number): Put =>
  (builder, at) =>
    builder.addFieldFloat64(at, value, 0);

function table(builder: Builder, fields: readonly Put[]): number {
  builder.startObject(fields.length);
  for (let i = 0; i < fields.length; i += 1) fields[i]?.(builder, i);
  return builder.endObject();
}

function texts(builder: Builder, values: readonly string[] = []): number {
  return offsets(
    builder,
    values.map((value) => builder.createString(value)),
  );
}

function offsets(builder: Builder, values: readonly number[]): number {
  builder.startVector(4, values.length, 4);
  for (let i = values.length - 1; i >= 0; i -= 1) builder.addOffset(values[i] as number);
  return builder.endVector();
}

/** Text, bytes, items or a piece of a stream: one of four, the others absent. */
function content(builder: Builder, value: unknown): readonly [number, number, number, number] {
  if (typeof value === 'string') return [builder.createString(value), 0, 0, 0];
  if (value instanceof Uint8Array) return [0, builder.createByteVector(value), 0, 0];
  const text = (one: string): Put => put(builder.createString(one));
  if (Array.isArray(value)) {
    const items = itemsOf(value).map(({ id, score, title, ok }) =>
      table(builder, [text(id), putFloat(score), text(title), putInt(Number(ok))]),
    );
    return [0, 0, offsets(builder, items), 0];
  }
  const { session_id, persona_id, clone_id, seq, data } = streamOf(value);
  const [one, other] = typeof data === 'string' ? [builder.createString(data), 0] : [0, builder.createByteVector(data)];
  const ids = [text(session_id), text(persona_id), text(clone_id)];
  return [0, 0, 0, table(builder, [...ids, putInt(seq), put(one), put(other)])];
}

function encode(builder: Builder, frame: Frame): Uint8Array {
  const { meta, payload, session_id, stream_id, msg_seq, qos = '', ttl = 0 } = frame;
  builder.clear();
  const text = (value: string | undefined): Put => put(builder.createString(value ?? ''));
  const cost = payload?.cost_est;
  const costs = [cost?.in_tokens, cost?.out_tokens, cost?.usd_micros].map((value) => putInt(value ?? 0));
  const body = table(builder, [
    text(payload?.type),
    putFloat(payload?.confidence ?? 0),
    put(cost === undefined ? 0 : table(builder, costs)),
    ...content(builder, payload?.content).map(put),
  ]);
  const about =
    meta === undefined
      ? 0
      : table(builder, [
          text(meta.task_type),
          put(texts(builder, meta.languages)),
          text(meta.risk),
          put(texts(builder, meta.data_scope)),
          text(meta.trace),
        ]);
  const head = [putInt(1), text(session_id), text(stream_id), putInt(msg_seq), text(qos), putInt(ttl)];
  builder.finish(table(builder, [...head, put(about), put(body)]));
  return builder.asUint8Array();
}

/** One table in a buffer; what is absent has its default. */
class Table {
  readonly #buffer: ByteBuffer;
  readonly #at: number;

  constructor(buffer: ByteBuffer, at: number) {
    this.#buffer = buffer;
    this.#at = at;
  }

  static root(bytes: Uint8Array): Table {
    const buffer = new ByteBuffer(bytes);
    return new Table(buffer, buffer.readInt32(buffer.position()) + buffer.position());
  }

  #field(place: number): number {
    const offset = this.#buffer.__offset(this.#at, 4 + 2 * place);
    return offset === 0 ? 0 : this.#at + offset;
  }

  int(place: number): number {
    const at = this.#field(place);
    return at === 0 ? 0 : this.#buffer.readInt32(at);
  }

  float(place: number): number {
    const at = this.#field(place);
    return at === 0 ? 0 : this.#buffer.readFloat64(at);
  }

  text(place: number): string {
    const at = this.#field(place);
    return at === 0 ? '' : (this.#buffer.__string(at) as string);
  }

  /** A view, as of CBOR. */
  bytes(place: number): Uint8Array | undefined {
    const at = this.#field(place);
    if (at === 0) return undefined;
    const from = this.#buffer.__vector(at);
    return this.#buffer.bytes().subarray(from, from + this.#buffer.__vector_len(at));
  }

  table(place: number): Table | undefined {
    const at = this.#field(place);
    return at === 0 ? undefined : new Table(this.#buffer, this.#buffer.__indirect(at));
  }

  list<T>(place: number, read: (buffer: ByteBuffer, at: number) => T): T[] {
    const at = this.#field(place);
    if (at === 0) return [];
    const from = this.#buffer.__vector(at);
    return Array.from({ length: this.#buffer.__vector_len(at) }, (_, i) => read(this.#buffer, from + 4 * i));
  }
}

const readText = (buffer: ByteBuffer, at: number): string => buffer.__string(at) as string;

function readItem(buffer: ByteBuffer, at: number): object {
  const item = new Table(buffer, buffer.__indirect(at));
  return { id: item.text(0), score: item.float(1), title: item.text(2), ok: item.int(3) === 1 };
}

/** Everything in the frame, as a router that judges it and passes it on has to read it. */
function decode(bytes: Uint8Array): object {
  const frame = Table.root(bytes);
  const [meta, payload] = [frame.table(6), frame.table(7)];
  const [cost, stream] = [payload?.table(2), payload?.table(6)];
  return {
    v: frame.int(0),
    session_id: frame.text(1),
    stream_id: frame.text(2),
    msg_seq: frame.int(3),
    qos: frame.text(4),
    ttl: frame.int(5),
    meta: meta && {
      task_type: meta.text(0),
      languages: meta.list(1, readText),
      risk: meta.text(2),
      data_scope: meta.list(3, readText),
      trace: meta.text(4),
    },
    payload: payload && {
      type: payload.text(0),
      confidence: payload.float(1),
      cost_est: cost && { in_tokens: cost.int(0), out_tokens: cost.int(1), usd_micros: cost.int(2) },
      text: payload.text(3),
      bytes: payload.bytes(4),
      items: payload.list(5, readItem),
      stream: stream && readStream(stream),
    },
  };
}

function readStream(stream: Table): object {
  return {
    session_id: stream.text(0),
    persona_id: stream.text(1),
    clone_id: stream.text(2),
    seq: stream.int(3),
    data: stream.text(4),
    data_bytes: stream.bytes(5),
  };
}

export function flatbuffersOf(frame: Frame): Binary {
  const builder = new Builder(1024);
  const bytes = Uint8Array.from(encode(builder, frame));
  return { bytes, encode: () => encode(builder, frame), decode: () => decode(bytes) };
}
