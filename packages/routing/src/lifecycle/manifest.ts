import { isJsonObject, type JsonObject } from '@atp-router/kernel';
import type { SafetyGrade } from '../registry.ts';

/** Other versions are refused: what they mean is not known here. */
export const MANIFEST_VERSION = 1;
/** A manifest is a page of facts. */
export const MANIFEST_BYTES_MAX = 65_536;
const TEXT_MAX = 512;
const LIST_MAX = 64;
/** What was said of one manifest; more of the same helps nobody. */
const COMPLAINTS_MAX = 8;

/** US dollars for a million tokens. */
export interface ManifestPrices {
  readonly in_usd_per_mtok: number;
  readonly out_usd_per_mtok: number;
}

/** Joules for a token read and written, and watts while it waits. */
export interface PowerProfile {
  readonly in_joule_per_token: number;
  readonly out_joule_per_token: number;
  readonly idle_w: number;
}

/** The same as older manifests say it: what is signed keeps its words. */
export interface OlderPowerProfile {
  readonly in_j_per_token: number;
  readonly out_j_per_token: number;
  readonly idle_w: number;
}

/** Under the names of today. */
export function powerOf(power: PowerProfile | OlderPowerProfile): PowerProfile {
  if ('in_joule_per_token' in power) return power;
  const { in_j_per_token, out_j_per_token, idle_w } = power;
  return { in_joule_per_token: in_j_per_token, out_joule_per_token: out_j_per_token, idle_w };
}

/** What its builder says of a model. */
export interface Manifest {
  readonly version: typeof MANIFEST_VERSION;
  /** Id of the model in the configuration. */
  readonly model: string;
  readonly upstream_model: string;
  readonly model_version: string;
  readonly licence: string;
  /** Tokens of input and output together. */
  readonly context: number;
  readonly capabilities: readonly string[];
  readonly safety_grade: SafetyGrade;
  readonly regions: readonly string[];
  readonly prices: ManifestPrices;
  /** Absent: not measured. */
  readonly power?: PowerProfile | OlderPowerProfile | undefined;
  /** Hex SHA-256 of the weights, or of the provider's model card. */
  readonly content_sha256: string;
  readonly content: 'weights' | 'model_card';
  readonly built_by: string;
}

export interface ManifestSignature {
  readonly signer: string;
  /** Ed25519 over `signedText` of the manifest's hash, base64. */
  readonly value: string;
}

/** A manifest as files hold it. */
export interface ManifestFile {
  readonly manifest: Manifest;
  /** Absent: nobody has signed it. */
  readonly signature?: ManifestSignature | undefined;
}

export type ReadManifest =
  | { readonly ok: true; readonly file: ManifestFile }
  /** Each says what is wrong, where, and what is expected. */
  | { readonly ok: false; readonly complaints: readonly string[] };

/** What is signed: it says what it is for, so that no other signature of the same key can stand for it. */
export function signedText(manifest_hash: string): string {
  return `atp-manifest-v1:${manifest_hash}`;
}

/** What a member has to be, in words and as a check. */
interface Rule {
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
}

const isText = (value: unknown): boolean =>
  typeof value === 'string' && value.length > 0 && value.length <= TEXT_MAX && value.isWellFormed();
const TEXT: Readonly<Rule> = rule(`a text of 1 to ${TEXT_MAX} characters`, isText);
const TEXTS: Readonly<Rule> = rule(
  `a list of at most ${LIST_MAX} texts`,
  (value) => Array.isArray(value) && value.length <= LIST_MAX && value.every(isText),
);
const AMOUNT: Readonly<Rule> = rule(
  'a number of 0 or more, at most 1e12',
  (value) => typeof value === 'number' && value >= 0 && value <= 1e12,
);
type Rules = Readonly<Record<string, Rule>>;
const MANIFEST_RULES: Rules = {
  version: rule(`${MANIFEST_VERSION}, the only version known here`, (value) => value === MANIFEST_VERSION),
  ...{ model: TEXT, upstream_model: TEXT, model_version: TEXT, licence: TEXT, built_by: TEXT },
  context: rule('a whole number of tokens', (value) => Number.isSafeInteger(value) && (value as number) > 0),
  ...{ capabilities: TEXTS, regions: TEXTS },
  safety_grade: rule('A, B, C or D', (value) => ['A', 'B', 'C', 'D'].includes(value as string)),
  content: rule('"weights" or "model_card"', (value) => value === 'weights' || value === 'model_card'),
  content_sha256: rule(
    '64 lower-case hex digits',
    (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
  ),
};
const PRICE_RULES: Rules = { in_usd_per_mtok: AMOUNT, out_usd_per_mtok: AMOUNT };
const POWER_RULES: Rules = { in_joule_per_token: AMOUNT, out_joule_per_token: AMOUNT, idle_w: AMOUNT };
const OLDER_POWER_RULES: Rules = { in_j_per_token: AMOUNT, out_j_per_token: AMOUNT, idle_w: AMOUNT };
const SIGNATURE_RULES: Rules = {
  signer: TEXT,
  value: rule(
    '64 bytes in base64, 88 characters',
    (value) => typeof value === 'string' && /^[A-Za-z0-9+/]{86}==$/.test(value),
  ),
};

function rule(expected: string, holds: Rule['holds']): Rule {
  return { expected, holds };
}

/** Reads what `JSON.parse` made of a file. It may be anything. */
export function readManifest(value: unknown): ReadManifest {
  const complaints: string[] = [];
  const file = object(value, '', ['manifest', 'signature'], complaints);
  const manifest = file && object(file['manifest'], 'manifest', [...Object.keys(MANIFEST_RULES), ...PARTS], complaints);
  if (manifest !== undefined) {
    members(manifest, 'manifest', MANIFEST_RULES, complaints);
    part(manifest['prices'], 'manifest.prices', PRICE_RULES, complaints);
    const { power } = manifest;
    const is_older = isJsonObject(power) && 'in_j_per_token' in power;
    if (power !== undefined) part(power, 'manifest.power', is_older ? OLDER_POWER_RULES : POWER_RULES, complaints);
  }
  if (file?.['signature'] !== undefined) part(file['signature'], 'signature', SIGNATURE_RULES, complaints);
  if (complaints.length > 0 || file === undefined)
    return { ok: false, complaints: complaints.slice(0, COMPLAINTS_MAX) };
  return { ok: true, file: file as unknown as ManifestFile };
}

const PARTS: readonly string[] = ['prices', 'power'];

function part(value: unknown, path: string, rules: Rules, complaints: string[]): void {
  const found = object(value, path, Object.keys(rules), complaints);
  if (found !== undefined) members(found, path, rules, complaints);
}

function object(value: unknown, path: string, known: readonly string[], complaints: string[]): JsonObject | undefined {
  const where = path === '' ? 'the file' : path;
  if (!isJsonObject(value)) {
    complaints.push(`${where} is ${value === undefined ? 'missing' : 'no object'}; expected an object`);
    return undefined;
  }
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue;
    complaints.push(`${where} has "${name.slice(0, 64)}", which is not known; expected only ${known.join(', ')}`);
    if (complaints.length > COMPLAINTS_MAX) break;
  }
  return value;
}

function members(of: JsonObject, path: string, rules: Rules, complaints: string[]): void {
  for (const [name, { expected, holds }] of Object.entries(rules)) {
    const value = Object.hasOwn(of, name) ? of[name] : undefined;
    if (holds(value)) continue;
    complaints.push(
      `${path}.${name} is ${value === undefined ? 'missing' : 'not as it must be'}; expected ${expected}`,
    );
  }
}
