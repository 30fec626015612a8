import { type JsonObject, type JsonValue, type Rng, seededRng } from '@atp-router/kernel';

/** Fields that change how an answer is sent but not what it says. */
const NOT_CONTENT: ReadonlySet<string> = new Set(['stream', 'stream_options', 'user', 'metadata']);

/** 32-bit FNV-1a over UTF-16 units, with a final mix (MurmurHash3) because FNV alone leaves the high bits weak. */
export function hashText(text: string, seed: number = 0): number {
  let h = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < text.length; i += 1) {
    h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** JSON with sorted keys, so that equal requests are equal whatever order their fields came in. */
export function stableJson(value: JsonValue | undefined): string {
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(stableJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const o = value as JsonObject;
  const fields = Object.keys(o)
    .filter((key) => o[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${stableJson(o[key])}`);
  return `{${fields.join(',')}}`;
}

/** A number that stands for what was asked: the same for the plain and the streamed form of a request. */
export function contentHash(seed: number, body: JsonObject): number {
  const content: Record<string, JsonValue | undefined> = {};
  for (const key in body) if (!NOT_CONTENT.has(key)) content[key] = body[key];
  return hashText(stableJson(content), seed);
}

/** An independent stream of draws for each purpose, so that one more draw here changes nothing there. */
export function drawsFor(hash: number, purpose: string): Rng {
  return seededRng(hashText(purpose, hash));
}

export function pick<T>(rng: Rng, list: readonly T[], fallback: T): T {
  return list[Math.floor(rng.next() * list.length)] ?? fallback;
}
