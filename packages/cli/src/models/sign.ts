import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { manifestHash } from '@atp-router/router';
import { type Manifest, type ManifestFile, signedText } from '@atp-router/routing';
import { type Cli, show } from '../commands/context.ts';
import { CliError, EXIT } from '../exit.ts';
import { readText } from '../read-file.ts';
import type { Terminal } from '../terminal.ts';
import { readManifestFile } from './manifest-file.ts';

export interface SignOptions {
  readonly key: string;
  readonly signer: string;
  readonly json?: boolean;
}

/** Signs a manifest, with no router at hand: the signed file goes to standard output, what to configure to the other. */
export async function signManifest(cli: Cli, file: string, options: SignOptions): Promise<void> {
  const { key, signer } = options;
  const { manifest } = await readManifestFile(file, cli.terminal);
  const { file: signed, hash, public_key } = await signedManifest(manifest, key, signer, cli.terminal);
  show(cli, options, { ...signed, hash, public_key }, () => `${JSON.stringify(signed, undefined, 2)}\n`);
  if (options.json === true) return;
  cli.terminal.err(
    `manifest ${hash}\nrouters that are to believe it need: registry: { signers: [{ id: ${signer}, public_key: ${public_key} }] }\n`,
  );
}

interface Signed {
  readonly file: ManifestFile;
  readonly hash: string;
  readonly public_key: string;
}

/** `key`: file of the signer's private key. */
export async function signedManifest(
  manifest: Manifest,
  key: string,
  signer: string,
  terminal: Terminal,
): Promise<Signed> {
  const private_key = privateKeyOf(await readText(key, terminal), key);
  const hash = manifestHash(manifest);
  const value = sign(null, Buffer.from(signedText(hash), 'utf8'), private_key).toString('base64');
  const { x } = createPublicKey(private_key).export({ format: 'jwk' });
  const public_key = Buffer.from(x ?? '', 'base64url').toString('base64');
  return { file: { manifest, signature: { signer, value } }, hash, public_key };
}

function privateKeyOf(pem: string, file: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(pem);
  } catch {
    key = undefined;
  }
  if (key?.asymmetricKeyType === 'ed25519') return key;
  throw new CliError(
    EXIT.usage,
    `${file} holds no Ed25519 private key in PEM without a passphrase. Make one with: openssl genpkey -algorithm ed25519`,
  );
}
