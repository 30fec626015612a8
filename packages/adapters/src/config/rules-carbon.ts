import { fault, type Inventory, isRecord, numberOf } from './inventory.ts';
import type { Draft } from './problem.ts';
import { headerNames } from './rules-providers.ts';
import { valueAt } from './shape.ts';

const AT: readonly string[] = ['carbon', 'source'];
/** They say nothing of a file. */
const FOR_URL: readonly string[] = ['headers', 'zones'];

/** A source is a file or an address, and one that is asked for each zone says where the zone stands. */
export function checkCarbon(inventory: Inventory): Draft[] {
  const given = valueAt(inventory.data, AT);
  if (!isRecord(given)) return [];
  const { file, url, zones } = given;
  if ((file === undefined) === (url === undefined)) {
    return [fault(inventory, AT, 'a source is one file or one address', 'either "file" or "url"')];
  }
  const drafts = headerNames(inventory, [...AT, 'headers']);
  for (const key of FOR_URL) {
    if (file === undefined || given[key] === undefined) continue;
    drafts.push(
      fault(inventory, [...AT, key], `"${key}" belongs to a "url" only`, `no "${key}" here`, { part: 'key' }),
    );
  }
  const has_zones = isRecord(zones) && Object.keys(zones).length > 0;
  if (typeof url === 'string' && url.includes('{zone}') !== has_zones) {
    const expected = '{zone} in "url", and "zones" with the name of each region there; or neither';
    drafts.push(fault(inventory, [...AT, 'url'], 'the address is asked for zones in part only', expected));
  }
  return [...drafts, ...tooOld(inventory, given)];
}

/** What is read so seldom that it is too old before it is read again would count at times only, and nothing would say so. */
function tooOld(inventory: Inventory, given: Readonly<Record<string, unknown>>): Draft[] {
  const refresh_s = numberOf(given['refresh_s']) ?? 300;
  const max_age_s = numberOf(given['max_age_s']) ?? 7_200;
  if (max_age_s >= refresh_s) return [];
  const key = given['max_age_s'] === undefined ? 'refresh_s' : 'max_age_s';
  const message = `what is read each ${refresh_s} s is too old after ${max_age_s} s`;
  return [fault(inventory, [...AT, key], message, '"max_age_s" of at least "refresh_s"')];
}
