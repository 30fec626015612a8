import type { Config } from '@atp-router/adapters';
import { type LacksManifest, type ModelSpec, type PapersState, papersState } from '@atp-router/routing';
import { MANIFEST_TOOLS } from './manifest-tools.ts';
import type { Papers } from './papers.ts';

/** What a model's manifest is worth under a configuration. */
export function stateOf(
  spec: ModelSpec,
  papers: Papers | undefined,
  { registry }: Pick<Config, 'registry'>,
): PapersState {
  return papersState(spec, papers?.manifest, registry.signers, MANIFEST_TOOLS);
}

/** What a model lacks; undefined: nothing. Signatures are looked at only where they count. */
export function lackingOf(
  spec: ModelSpec,
  papers: Papers | undefined,
  config: Pick<Config, 'registry'>,
): LacksManifest | undefined {
  const where = config.registry.require;
  if (where === 'none') return undefined;
  const state = stateOf(spec, papers, config);
  return state.kind === 'valid' ? undefined : { where, reason: lackingWords(state) };
}

/** What models lack that no configuration declares: nobody can have signed for them. */
export function dynamicLacks({ registry }: Pick<Config, 'registry'>): LacksManifest | undefined {
  if (registry.require === 'none') return undefined;
  return { where: registry.require, reason: 'it is not declared, so that it has no manifest' };
}

/** As a clause. */
export function lackingWords(state: PapersState): string {
  switch (state.kind) {
    case 'none':
      return 'it has no manifest';
    case 'unsigned':
      return 'its manifest is not signed';
    case 'invalid':
      return `its manifest does not count: ${state.reason}`;
    case 'valid':
      return 'its manifest counts';
  }
}
