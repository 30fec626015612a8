import { resolve } from 'node:path';
import { manifestHash } from '@atp-router/router';
import { MANIFEST_VERSION, readManifest } from '@atp-router/routing';
import { adminPath } from '../commands/context.ts';
import { CliError, EXIT } from '../exit.ts';
import { signedManifest } from '../models/sign.ts';
import type { TrainResult } from './job.ts';
import type { Output } from './outputs.ts';
import type { RegisterSettings } from './steps.ts';
import type { StepTools } from './tools.ts';

/** What clients may not be given before anybody has seen it at work. */
const STATUS = 'shadow';

/**
 * Makes a model of status `shadow` at the router, puts its manifest in force, and the build on record. A model of that name
 * that is anything but a shadow is left alone.
 */
export async function register(
  { model: template, manifest: given, sign }: RegisterSettings,
  { model, upstream_model, weights_sha256 }: TrainResult,
  note: string,
  { api, terminal, base_dir }: StepTools,
): Promise<Output['facts']> {
  const entity = { ...template, id: model, upstream_model, status: STATUS };
  const whole = {
    manifest: {
      ...{ version: MANIFEST_VERSION, model, upstream_model, content: 'weights', content_sha256: weights_sha256 },
      ...{ context: template['context'], capabilities: template['capabilities'] ?? ['chat'] },
      ...{ safety_grade: template['safety_grade'] ?? 'B', prices: template['price'] ?? {} },
      ...{ model_version: weights_sha256.slice(0, 12), regions: template['regions'] ?? [] },
      ...given,
    },
  };
  const read = readManifest(JSON.parse(JSON.stringify(whole)));
  if (!read.ok) {
    throw new CliError(EXIT.usage, `the manifest of "${model}" would be refused:\n  ${read.complaints.join('\n  ')}`);
  }
  const there = (await api.list(adminPath('models'))).find((row) => row['id'] === model);
  if (there !== undefined && there['status'] !== STATUS) {
    const message = `there is a model "${model}" that is ${String(there['status'])}: give what you train another name.`;
    throw new CliError(EXIT.failed, message);
  }
  const file =
    sign === undefined
      ? read.file
      : (await signedManifest(read.file.manifest, resolve(base_dir, sign.key), sign.signer, terminal)).file;
  await api.put(adminPath('models', model), entity);
  // What was built is on record before it is deployed.
  const manifest_hash = manifestHash(file.manifest);
  await api.post(adminPath('lifecycle', model, 'custody'), { step: 'build', manifest_hash, note });
  await api.put(adminPath('lifecycle', model, 'manifest'), file);
  return { model, manifest_hash, status: STATUS };
}
