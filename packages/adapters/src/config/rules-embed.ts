import { PROVIDER_KINDS, providerOf } from '@atp-router/providers';
import { fault, type Inventory, isRecord, nameAt, suggestName, textOf } from './inventory.ts';
import type { Draft } from './problem.ts';
import { EMBEDDING_DEFAULTS } from './schema-embed.ts';
import { valueAt } from './shape.ts';

const AT = 'embeddings';

/** The keys that belong to one type only; those that are required there, first. */
const OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  model: ['model', 'dimensions'],
  onnx: ['file', 'tokenizer', 'max_tokens', 'pooling'],
};
/** Of both others. */
const FOR_MAKERS: readonly string[] = ['baseline', 'timeout_ms', 'max_batch', 'max_chars'];
const REQUIRED: Readonly<Record<string, readonly string[]>> = { model: ['model'], onnx: ['file', 'tokenizer'] };
const WHAT: Readonly<Record<string, string>> = {
  model: 'the id of a model of "models" with the capability embeddings',
  file: 'the path of an ONNX file',
  tokenizer: 'the path of its tokenizer.json, or of its vocab.txt',
};

/** What makes vectors: a key of another type would be believed to be at work. */
export function checkEmbeddings(inventory: Inventory): Draft[] {
  const given = valueAt(inventory.data, [AT]);
  if (!isRecord(given)) return [];
  const type = textOf(given['type']) ?? 'hashed';
  const foreign = Object.entries(OF_TYPE)
    .filter(([owner]) => owner !== type)
    .flatMap(([owner, keys]) =>
      keys
        .filter((key) => isSaid(given, key))
        .map((key) => {
          const expected = `no "${key}" here, or type: ${owner}`;
          return fault(inventory, [AT, key], `"${key}" belongs to type ${owner} only`, expected, { part: 'key' });
        }),
    );
  const absent = (REQUIRED[type] ?? []).flatMap((key): Draft[] =>
    given[key] === undefined
      ? [{ ...fault(inventory, [AT, key], `type ${type} needs "${key}"`, WHAT[key] ?? ''), kind: 'absent' }]
      : [],
  );
  const idle = type === 'hashed' ? FOR_MAKERS.filter((key) => isSaid(given, key)) : [];
  const unused = idle.map((key) => {
    const expected = `no "${key}" here, or type: model or onnx`;
    return fault(inventory, [AT, key], `"${key}" does nothing for type hashed`, expected, { part: 'key' });
  });
  return [...foreign, ...unused, ...absent, ...(type === 'model' ? embeds(inventory, textOf(given['model'])) : [])];
}

/** A file in which all defaults are written out says nothing by them. */
function isSaid(given: Readonly<Record<string, unknown>>, key: string): boolean {
  const defaults: Readonly<Record<string, unknown>> = EMBEDDING_DEFAULTS;
  return given[key] !== undefined && given[key] !== defaults[key];
}

/** Whether the model is declared, says that it embeds, and is at a provider whose shape has embeddings. */
function embeds(inventory: Inventory, id: string | undefined): Draft[] {
  if (id === undefined) return [];
  const path = [AT, 'model'];
  const row = inventory.model_by_id.get(id);
  if (row === undefined) {
    const embedding = [...inventory.model_by_id].filter(([, { value }]) => canEmbed(value['capabilities']));
    const suggestion = suggestName(inventory, path, [new Map(embedding)]);
    return [
      fault(inventory, path, `no model has the id ${nameAt(inventory, path)}`, WHAT['model'] ?? '', { suggestion }),
    ];
  }
  if (!canEmbed(row.value['capabilities'])) {
    const message = `${nameAt(inventory, path)} does not embed`;
    return [fault(inventory, path, message, 'a model whose "capabilities" have embeddings')];
  }
  const type = textOf(inventory.provider_by_id.get(textOf(row.value['provider']) ?? '')?.value['type']);
  const kind = PROVIDER_KINDS.find((one) => one === type);
  const query = { operation: 'embed', stream: false, upstream_model: id } as const;
  if (kind === undefined || providerOf(kind).endpoint(query) !== undefined) return [];
  const message = `${nameAt(inventory, path)} is at a provider of type ${kind}, which has no embeddings`;
  return [fault(inventory, path, message, 'a model at another provider')];
}

function canEmbed(capabilities: unknown): boolean {
  return Array.isArray(capabilities) && capabilities.includes('embeddings');
}
