import { fault, type Inventory, isRecord } from './inventory.ts';
import type { Draft } from './problem.ts';
import { valueAt } from './shape.ts';

const AT = ['registry'] as const;

/** A manifest is asked for and nobody could have signed it; a signer whose name stands for two keys. */
export function checkRegistry(inventory: Inventory): Draft[] {
  const given = valueAt(inventory.data, [...AT]);
  if (!isRecord(given)) return [];
  const signers = Array.isArray(given['signers']) ? (given['signers'] as readonly unknown[]) : [];
  const drafts: Draft[] = [];
  if ((given['require'] === 'auto' || given['require'] === 'any') && signers.length === 0) {
    const what = '"require" asks for signed manifests, and there is nobody whose signature counts';
    drafts.push(fault(inventory, [...AT, 'require'], what, 'at least one entry of "signers", or "none"'));
  }
  const seen = new Set<unknown>();
  for (const [i, signer] of signers.entries()) {
    const id = isRecord(signer) ? signer['id'] : undefined;
    if (typeof id === 'string' && seen.has(id)) {
      drafts.push(fault(inventory, [...AT, 'signers', i, 'id'], `"${id.slice(0, 64)}" is taken`, 'another name'));
    }
    seen.add(id);
  }
  return drafts;
}
