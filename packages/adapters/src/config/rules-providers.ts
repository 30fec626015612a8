import { PROVIDER_KINDS, providerOf } from '@atp-router/providers';
import { fault, type Inventory, isRecord, numberOf, type Row, textOf } from './inventory.ts';
import type { Draft, Path, Segment } from './problem.ts';
import { valueAt } from './shape.ts';

/** Where a request without a key can only be refused, if there is such a place. */
function vendorHost(type: string | undefined): string | undefined {
  const kind = PROVIDER_KINDS.find((one) => one === type);
  if (kind === undefined) return undefined;
  const { needs_api_key, default_base_url } = providerOf(kind);
  return needs_api_key ? new URL(default_base_url).hostname : undefined;
}

/** Faults of one provider. */
export function checkProvider(inventory: Inventory, row: Row): Draft[] {
  const { value, path } = row;
  const type = textOf(value['type']);
  const drafts = [...headerNames(inventory, [...path, 'headers']), ...order(inventory, row)];
  const only = (key: string, wanted: string): void => {
    if (type === undefined || type === wanted || !Object.hasOwn(value, key)) return;
    drafts.push(
      fault(
        inventory,
        [...path, key],
        `"${key}" belongs to type ${wanted} only`,
        `no "${key}" here, or type: ${wanted}`,
        { part: 'key' },
      ),
    );
  };
  only('sim', 'sim');
  only('agent', 'agent');
  only('api', 'openai');
  only('max_tokens_field', 'openai');
  only('send_context', 'ollama');
  if (type === 'sim' || type === 'agent') {
    const what = type === 'sim' ? 'a simulated provider has' : 'agents dial in: they have';
    for (const key of ['base_url', 'api_key'].filter((entry) => Object.hasOwn(value, entry))) {
      drafts.push(fault(inventory, [...path, key], `${what} no "${key}"`, `no "${key}" here`, { part: 'key' }));
    }
  }
  drafts.push(...sharedAgents(inventory, row), ...agentKeys(inventory, row));
  const base_url = textOf(value['base_url']);
  const url = base_url === undefined ? undefined : URL.parse(base_url);
  if (url === null)
    drafts.push(
      fault(inventory, [...path, 'base_url'], '"base_url" is not an address', 'an http:// or https:// address'),
    );
  const vendor = vendorHost(type);
  if (
    vendor !== undefined &&
    !Object.hasOwn(value, 'api_key') &&
    (base_url === undefined || url?.hostname === vendor)
  ) {
    drafts.push({
      ...fault(
        inventory,
        [...path, 'api_key'],
        '"api_key" is missing',
        `the key for ${vendor}, as \${ENV} or \${file:path}`,
      ),
      kind: 'absent',
    });
  }
  return drafts;
}

/** Whoever may register a shared agent reads the prompts of all tenants: that is for the operator to say. */
function sharedAgents(inventory: Inventory, { value, path }: Row): Draft[] {
  const agent = value['agent'];
  if (!isRecord(agent) || agent['shared'] !== true || agent['keys'] !== undefined) return [];
  const expected = 'the keys whose agents may see the prompts of all tenants, as ["<tenant>/<key>"]';
  return [{ ...fault(inventory, [...path, 'agent', 'keys'], '"keys" is missing', expected), kind: 'absent' }];
}

function agentKeys(inventory: Inventory, { value, path }: Row): Draft[] {
  const keys = valueAt(value, ['agent', 'keys']);
  return (Array.isArray(keys) ? keys : []).flatMap((key: unknown, i) => {
    const text = textOf(key);
    if (text === undefined || /^[^/]+\/[^/]+$/.test(text)) return [];
    const message = 'an entry of "keys" names no key';
    return [fault(inventory, [...path, 'agent', 'keys', i], message, 'a key as "<tenant>/<key>"')];
  });
}

/** Pairs of which the second may not be smaller than the first, and shares that cannot add up to more than all. */
const SIM_QUANTILES: readonly Segment[][] = [
  ['latency_ms'],
  ['out_tokens'],
  ['prices', 'in_usd_per_mtok'],
  ['prices', 'out_usd_per_mtok'],
];

function order(inventory: Inventory, row: Row): Draft[] {
  const pairs: readonly (readonly [Segment[], Segment[]])[] = [
    [
      ['retry', 'base_ms'],
      ['retry', 'cap_ms'],
    ],
    ...SIM_QUANTILES.map((path): readonly [Segment[], Segment[]] => [
      ['sim', ...path, 'p50'],
      ['sim', ...path, 'p95'],
    ]),
  ];
  const drafts = pairs.flatMap(([low, high]) => {
    const least = numberOf(valueAt(row.value, low));
    const most = numberOf(valueAt(row.value, high));
    if (least === undefined || most === undefined || least <= most) return [];
    return [
      fault(inventory, [...row.path, ...high], `"${high.at(-1)}" is below "${low.at(-1)}"`, `at least "${low.at(-1)}"`),
    ];
  });
  const rates = ['error_rate', 'stall_rate', 'cut_rate'].map((key) => numberOf(valueAt(row.value, ['sim', key])) ?? 0);
  if (rates.reduce((sum, rate) => sum + rate, 0) > 1) {
    drafts.push(
      fault(
        inventory,
        [...row.path, 'sim'],
        'error_rate, stall_rate and cut_rate add up to more than 1',
        'shares that add up to at most 1',
      ),
    );
  }
  return drafts;
}

// They frame the message or belong to the connection; setting them would let a header smuggle a second request.
const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const HEADERS_MAX = 32;

/** Names that may not be set, or that are set twice. */
export function headerNames(inventory: Inventory, path: Path): Draft[] {
  const headers = valueAt(inventory.data, path);
  if (!isRecord(headers)) return [];
  const names = Object.keys(headers);
  const seen = new Set<string>();
  const drafts = names.slice(0, HEADERS_MAX).flatMap((name) => {
    const lower = name.toLowerCase();
    const again = seen.has(lower);
    seen.add(lower);
    if (FRAMING.has(lower))
      return [
        fault(
          inventory,
          [...path, name],
          `header "${lower}" belongs to the connection`,
          'headers that do not frame the message',
          { part: 'key' },
        ),
      ];
    return again
      ? [
          fault(inventory, [...path, name], `header "${lower}" stands twice`, 'each header once, in any case', {
            part: 'key',
          }),
        ]
      : [];
  });
  if (names.length > HEADERS_MAX)
    drafts.push(fault(inventory, path, 'there are too many headers', `at most ${HEADERS_MAX}`, { secret: true }));
  return drafts;
}
