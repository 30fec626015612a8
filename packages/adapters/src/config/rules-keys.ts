import { fault, type Inventory, rows, textOf } from './inventory.ts';
import type { Draft } from './problem.ts';

/** A key pasted in place of its hash deserves better words than "wrong form", and must never be printed. */
export function checkHashes(inventory: Inventory): Draft[] {
  const lists = [
    rows(inventory.data, ['admin', 'keys']),
    ...inventory.tenants.map((row) => rows(inventory.data, [...row.path, 'keys'])),
  ];
  return lists.flat().flatMap((row) => {
    const hash = textOf(row.value['hash']);
    if (hash === undefined || /^sha256:/i.test(hash)) return [];
    return [
      fault(
        inventory,
        [...row.path, 'hash'],
        '"hash" holds something that is not a hash; if it is the key itself, take it out of the file and make a new one',
        '"sha256:" and 64 lower-case hex digits, as `atp keys create` prints',
        { secret: true },
      ),
    ];
  });
}
