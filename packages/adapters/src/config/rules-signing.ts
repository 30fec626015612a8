import { fault, type Inventory, rows, textOf } from './inventory.ts';
import type { Draft } from './problem.ts';

/** Signing keys that can never be used, and tenants that could open no session at all. */
export function checkSigning(inventory: Inventory): Draft[] {
  return inventory.tenants.flatMap((tenant) => {
    const path = [...tenant.path, 'signing_keys'];
    const keys = rows(inventory.data, path);
    const drafts = keys.flatMap((key) => {
      const begin = Date.parse(textOf(key.value['not_before']) ?? '');
      const end = Date.parse(textOf(key.value['not_after']) ?? '');
      if (!(begin >= end)) return [];
      const message = '"not_after" is not after "not_before": the key is never good';
      return [fault(inventory, [...key.path, 'not_after'], message, 'a later time than "not_before"')];
    });
    if (tenant.value['require_signatures'] === true && keys.length === 0) {
      const message = '"require_signatures" is set, but there is no key to sign with';
      const at = [...tenant.path, 'require_signatures'];
      drafts.push(fault(inventory, at, message, 'at least one entry in "signing_keys"'));
    }
    return drafts;
  });
}
