import { createHash, createHmac } from 'node:crypto';
import {
  canonicalCbor,
  canonicalJson,
  contentDigest,
  decodeCbor,
  decodeJson,
  type Digests,
  digestText,
  encodeCbor,
  encodeJson,
  type Frame,
  frameSchema,
  isFrameError,
  leafDigest,
  merkleRoot,
  Sealer,
  type SigningKey,
  splitFrame,
} from '@atp-router/wire';
import { asyncApiDocument } from '@atp-router/wire/tools';
import { ackVectors } from './acks.ts';
import { CBOR_FAILURES, type Failure, JSON_FAILURES } from './failures.ts';
import { CUTS, LEAVES, policyOf } from './fragments.ts';
import { SAMPLES, type Sample } from './frames.ts';

/** One file as it has to be. */
export interface VectorFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

const digests: Digests = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  hmacSha256: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
};
const sealer = new Sealer(digests);
const KEY: SigningKey = {
  kid: 'test-1',
  secret: Uint8Array.from({ length: 32 }, (_, i) => i),
  not_before_ms: 0,
  not_after_ms: 4_102_444_800_000,
};
const STAMP = { nonce: 'Yk3vE0mQ', ts: 1_764_000_000_000 };

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const file = (name: string, content: object): VectorFile => ({
  path: `conformance/vectors/${name}.json`,
  text: `${JSON.stringify(content, null, 2)}\n`,
});

/** Every file, made anew. Throws when the implementation contradicts what a vector says of itself. */
export function vectorFiles(): readonly VectorFile[] {
  return [
    { path: 'docs/protocol/schemas/frame.schema.json', text: `${JSON.stringify(frameSchema(), null, 2)}\n` },
    { path: 'docs/protocol/asyncapi.json', text: `${JSON.stringify(asyncApiDocument(), null, 2)}\n` },
    file('frames', {
      about:
        'The same frame in both encodings, and what covers it. docs/protocol/atp.md: Frames, Encodings, Canonical form.',
      key: { kid: KEY.kid, secret_hex: hex(KEY.secret) },
      vectors: SAMPLES.map(frameVector),
    }),
    file('values', {
      about:
        'The content of the frames of frames.json: canonical JSON (RFC 8785), canonical CBOR (RFC 8949 4.2.1), digest.',
      vectors: SAMPLES.flatMap(valueVector),
    }),
    file('fragments', {
      about: 'Messages and the frames they are cut into. docs/protocol/atp.md: Fragments.',
      vectors: CUTS.map(cutVector),
      trees: LEAVES.map((_, i) => treeVector(LEAVES.slice(0, i + 1))),
    }),
    file('acks', {
      about:
        'What a receiver acknowledges after each fragment of a message of fragments.json. docs/protocol/atp.md: Fragments.',
      vectors: ackVectors(digests),
    }),
    file('failures', {
      about: 'Inputs that are refused, and why. docs/protocol/atp.md: Errors. offset is informative.',
      json: JSON_FAILURES.map(failureVector),
      cbor: CBOR_FAILURES.map(failureVector),
    }),
  ];
}

function frameVector({ name, frame, also }: Sample): object {
  const signed = sealer.sign(frame, KEY, STAMP);
  const { content, checksum } = frame.payload ?? {};
  if (checksum !== undefined && content !== undefined && checksum !== contentDigest(content, digests)) {
    throw new Error(`${name}: the digest of the content is wrong`);
  }
  for (const text of also ?? []) {
    if (hex(encodeCbor(decodeJson(text))) !== hex(encodeCbor(frame)))
      throw new Error(`${name}: ${text} is another frame`);
  }
  return {
    name,
    ...encodings(frame),
    ...(also && { also_json: also }),
    canonical_json: canonicalJson(frame),
    checksum: sealer.checksum(frame),
    signed: { ...STAMP, kid: KEY.kid, covered_hex: hex(sealer.covered(signed)), sig: signed.sig, ...encodings(signed) },
  };
}

function encodings(frame: Frame): { readonly json: string; readonly cbor_hex: string } {
  return { json: encodeJson(frame), cbor_hex: hex(encodeCbor(frame)) };
}

function valueVector({ name, frame }: Sample): object[] {
  const value = frame.payload?.content;
  if (value === undefined) return [];
  const cbor = canonicalCbor(value);
  const covered =
    value instanceof Uint8Array ? value : typeof value === 'string' ? new TextEncoder().encode(value) : cbor;
  return [
    {
      name,
      canonical_json: canonicalJson(value),
      canonical_cbor_hex: hex(cbor),
      digest: digestText(leafDigest(covered, digests)),
    },
  ];
}

function cutVector(cut: (typeof CUTS)[number]): object {
  const { name, frame, text_bytes, binary_bytes } = cut;
  const parts = splitFrame(frame, digests, policyOf(cut));
  return {
    ...{ name, text_bytes, binary_bytes, message: encodings(frame) },
    fragments: parts.map((part) => ({
      ...encodings(part),
      ...(parts.length > 1 && { digest: part.payload?.checksum }),
    })),
    ...(parts.length > 1 && { root: parts.at(-1)?.payload?.frag?.root }),
  };
}

function treeVector(leaves: readonly string[]): object {
  const leaf_digests = leaves.map((leaf) => leafDigest(fromHex(leaf), digests));
  return {
    leaves_hex: leaves,
    digests: leaf_digests.map(digestText),
    root: digestText(merkleRoot(leaf_digests, digests)),
  };
}

function failureVector(failure: Failure): object {
  try {
    if ('json' in failure) decodeJson(failure.json);
    else if ('json_hex' in failure) decodeJson(fromHex(failure.json_hex));
    else decodeCbor(fromHex(failure.cbor_hex));
  } catch (error) {
    if (!isFrameError(error) || error.fault !== failure.fault) throw new Error(`${failure.name}: ${String(error)}`);
    return { ...failure, ...(error.offset !== undefined && { offset: error.offset }) };
  }
  throw new Error(`${failure.name}: accepted`);
}
