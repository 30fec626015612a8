import type { ModelSpec, SafetyGrade } from '../registry.ts';
import { type Manifest, type ManifestFile, signedText } from './manifest.ts';

/** Where manifests are asked for: nowhere, of models that `auto` chooses, of all that are asked. */
export type ManifestsRequired = 'none' | 'auto' | 'any';

/** Whose signatures count. */
export interface Signer {
  readonly id: string;
  /** 32 bytes of Ed25519, base64. */
  readonly public_key: string;
}

/** What a driver lends: the pure core has neither hashes nor keys. */
export interface ManifestTools {
  /** Hex SHA-256 of the manifest's canonical JSON (RFC 8785). */
  hash(manifest: Manifest): string;
  /** Whether the Ed25519 signature (RFC 8032) over the text is of the key; false for what is no key or signature. */
  verify(text: string, public_key: string, signature: string): boolean;
}

/** What a manifest is worth. */
export type PapersState =
  | { readonly kind: 'none' }
  | { readonly kind: 'unsigned'; readonly hash: string }
  | { readonly kind: 'invalid'; readonly hash: string; readonly reason: string }
  | { readonly kind: 'valid'; readonly hash: string; readonly signer: string };

type Described = Pick<ModelSpec, 'id' | 'upstream_model' | 'context' | 'capabilities' | 'safety_grade'>;

/** Whether a manifest is of this model, and signed by somebody whose word counts. */
export function papersState(
  model: Described,
  file: ManifestFile | undefined,
  signers: readonly Signer[],
  tools: ManifestTools,
): PapersState {
  if (file === undefined) return { kind: 'none' };
  const { manifest, signature } = file;
  const hash = tools.hash(manifest);
  const other = mismatch(model, manifest);
  if (other !== undefined) return { kind: 'invalid', hash, reason: other };
  if (signature === undefined) return { kind: 'unsigned', hash };
  const { signer: id, value } = signature;
  const signer = signers.find((one) => one.id === id);
  if (signer === undefined) {
    return { kind: 'invalid', hash, reason: `its signer "${id}" is not among registry.signers` };
  }
  if (!tools.verify(signedText(hash), signer.public_key, value)) {
    return { kind: 'invalid', hash, reason: `its signature is not that of signer "${id}"` };
  }
  return { kind: 'valid', hash, signer: id };
}

/** The configuration may say less than the manifest, and nothing more. */
function mismatch(model: Described, manifest: Manifest): string | undefined {
  if (manifest.model !== model.id) return `it is of model "${manifest.model}"`;
  if (manifest.upstream_model !== model.upstream_model) {
    return `it is of upstream model "${manifest.upstream_model}", and "${model.upstream_model}" is configured`;
  }
  if (model.context !== undefined && model.context > manifest.context) {
    return `its context is ${manifest.context}, and ${model.context} is configured`;
  }
  if (isBetter(model.safety_grade, manifest.safety_grade)) {
    return `its safety grade is ${manifest.safety_grade}, and ${model.safety_grade} is configured`;
  }
  const more = [...(model.capabilities ?? [])].find((one) => !manifest.capabilities.includes(one));
  return more === undefined ? undefined : `it does not have capability "${more}", which is configured`;
}

function isBetter(configured: SafetyGrade | undefined, told: SafetyGrade): boolean {
  return configured !== undefined && configured < told;
}
