import { hash } from 'node:crypto';
import {
  canonicalJson,
  CborEncoder,
  decodeCbor,
  decodeJson,
  type Digests,
  digestsFrom,
  encodeJson,
  type Frame,
  frameSchema,
  KeyRing,
  pureDigests,
  Sealer,
  type SigningKey,
} from '@atp-router/wire';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Encoder } from 'cbor-x';
import { decode as cborgDecode, encode as cborgEncode, rfc8949EncodeOptions } from 'cborg';
import { flatbuffersOf } from './flatbuffers.ts';
import { protobufOf } from './protobuf.ts';

/** One thing to do with a frame, again and again; returns something that depends on it, so that it is not optimised away. */
export interface Subject {
  readonly group: 'decode' | 'encode' | 'sign' | 'fragments';
  readonly name: string;
  /** What it is compared to, in the same group. */
  readonly reference: string;
  run(): number;
}

export interface Sizes {
  readonly json: number;
  readonly cbor: number;
  readonly cbor_x: number;
  readonly protobuf: number;
  readonly flatbuffers: number;
}

/** The hash that a server has. */
export const digests: Digests = digestsFrom((bytes) => hash('sha256', bytes, 'buffer'));
const KEY: SigningKey = { kid: 'k1', secret: new Uint8Array(32), not_before_ms: 0, not_after_ms: 1e15 };
const STAMP = { nonce: 'Yk3vE0mQ', ts: 1_764_000_000_000 };

export function subject(group: Subject['group'], name: string, reference: string, run: () => number): Subject {
  return { group, name, reference, run };
}

/** Everything that is measured with one frame, and how large the frame is in each encoding. */
export function subjectsOf(frame: Frame): { readonly subjects: readonly Subject[]; readonly sizes: Sizes } {
  const json = encodeJson(frame);
  const encoder = new CborEncoder();
  const cbor = encoder.encode(frame);
  // As other libraries are used: objects as maps with text keys, bytes without a tag.
  const cborX = new Encoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false, variableMapSize: true });
  const plain = Uint8Array.from(cborX.encode(frame));
  const strict = cborgEncode(frame, rfc8949EncodeOptions);
  const protobuf = protobufOf(frame);
  const flatbuffers = flatbuffersOf(frame);
  const validate = new Ajv2020({ strict: false }).compile(frameSchema());
  const parsed: unknown = JSON.parse(json);
  const decode = subject.bind(null, 'decode');
  const encode = subject.bind(null, 'encode');
  const subjects: Subject[] = [
    decode('JSON.parse', 'JSON.parse', () => JSON.parse(json).msg_seq),
    decode('wire JSON', 'JSON.parse', () => decodeJson(json).msg_seq),
    decode('JSON.parse + ajv', 'JSON.parse', () => Number(validate(JSON.parse(json)))),
    decode('cbor-x', 'cbor-x', () => cborX.decode(plain).msg_seq),
    decode('wire CBOR', 'cbor-x', () => decodeCbor(cbor).msg_seq),
    decode('cborg', 'cbor-x', () => cborgDecode(strict).msg_seq),
    decode('protobuf-es', 'cbor-x', () => Object.keys(protobuf.decode()).length),
    decode('FlatBuffers', 'cbor-x', () => Object.keys(flatbuffers.decode()).length),
    encode('JSON.stringify', 'JSON.stringify', () => JSON.stringify(parsed).length),
    encode('wire JSON', 'JSON.stringify', () => encodeJson(frame).length),
    encode('cbor-x', 'cbor-x', () => cborX.encode(frame).length),
    encode('wire CBOR', 'cbor-x', () => encoder.encode(frame).length),
    encode('cborg', 'cbor-x', () => cborgEncode(frame, rfc8949EncodeOptions).length),
    encode('protobuf-es', 'cbor-x', () => protobuf.encode().length),
    encode('FlatBuffers', 'cbor-x', () => flatbuffers.encode().length),
    ...signers(frame),
  ];
  const sizes = {
    json: Buffer.byteLength(json),
    cbor: cbor.length,
    cbor_x: plain.length,
    protobuf: protobuf.bytes.length,
    flatbuffers: flatbuffers.bytes.length,
  };
  return { subjects, sizes };
}

/** Signatures over canonical CBOR, and what they would be over canonical JSON. */
function signers(frame: Frame): Subject[] {
  const sealer = new Sealer(digests);
  const pure = new Sealer(pureDigests);
  const ring = new KeyRing([KEY]);
  const signed = sealer.sign(frame, KEY, STAMP);
  const sign = (name: string, run: () => number): Subject => subject('sign', name, 'sign', run);
  return [
    sign('sign', () => sealer.sign(frame, KEY, STAMP).msg_seq),
    sign('verify', () => Number(sealer.verify(signed, ring, 1).ok)),
    sign('checksum', () => sealer.checksum(frame).length),
    sign('HMAC over canonical JSON', () => digests.hmacSha256(KEY.secret, Buffer.from(canonicalJson(frame))).length),
    sign('sign without native code', () => pure.sign(frame, KEY, STAMP).msg_seq),
  ];
}
