import { AtpError } from '@atp-router/kernel';
import type { EncodeContext } from './dialect.ts';
import type { Feature, FeatureTable } from './features.ts';
import { meaningOf } from './meaning.ts';
import type { DialectId, GenRequest, HostedTool, Message, OpaquePart } from './model.ts';

/** Names told in full. They travel in a header, and a client can send as many fields as its body holds. */
const NAMES_MAX = 32;
const NAME_CHARS_MAX = 64;
const NONE: ReadonlySet<string> = new Set();
/** Names remembered, so that each counts once. */
const REMEMBERED_MAX = 1_000;

/**
 * Keeps account of what one request could not say in a provider's shape. Hints are noted; semantic fields are refused
 * unless the operator chose to drop them. The reasons come from the shape's feature table, so that the error, the
 * header and the published matrix cannot disagree.
 */
export class Translation {
  readonly #dialect: DialectId;
  readonly #features: FeatureTable;
  readonly #drop: (field: string) => boolean;
  readonly #ignored: Set<string> = new Set();

  constructor(dialect: DialectId, features: FeatureTable, ctx: EncodeContext) {
    this.#dialect = dialect;
    this.#features = features;
    this.#drop = ctx.drop;
  }

  /** True when the shape can say it; otherwise notes or refuses it, and the caller leaves it out. */
  allows(feature: Feature): boolean {
    const support = this.#features[feature];
    if (support.kind === 'native' || support.kind === 'emulated') return true;
    if (support.kind === 'ignored') this.ignore(feature);
    else this.refuse(feature, support.reason);
    return false;
  }

  ignore(field: string): void {
    if (this.#ignored.size < REMEMBERED_MAX) this.#ignored.add(field);
  }

  /**
   * Refuses a value of a field that the shape has in general. Returns when the operator chose to drop it: by the field as
   * it is named here, by the top-level field that holds it, or by its kind (a feature of the matrix, a type of block).
   */
  refuse(field: string, reason: string, kind?: string): void {
    const names = [field, field.replace(/[.[].*$/s, ''), kind];
    if (names.some((name) => name !== undefined && this.#drop(name))) {
      this.ignore(field);
      return;
    }
    throw new AtpError(
      'untranslatable',
      `"${field}" cannot be expressed for a ${this.#dialect} provider: ${reason} Remove it, choose another model, or set on_untranslatable: drop on the model.`,
      { param: field },
    );
  }

  /** Refuses a tool that runs at providers of another shape. */
  hosted(tool: HostedTool): void {
    const support = this.#features.hosted_tools;
    let reason = support.kind === 'refused' ? support.reason : `"${tool.type}" is a tool of another provider.`;
    if (tool.type === 'custom') reason = 'a custom tool takes text that is no JSON.';
    this.refuse(tool.path ?? 'hosted_tools', reason, 'hosted_tools');
  }

  /**
   * Whether a block goes out as it is. What another shape's answer held besides text and calls is noted and left out; what
   * the user sent cannot be left out and is refused.
   */
  opaque(part: OpaquePart, role: Message['role']): boolean {
    if (part.origin === this.#dialect) return true;
    if (role === 'assistant') {
      this.ignore(part.path ?? 'hosted_tools');
    } else {
      const type = typeof part.raw['type'] === 'string' ? part.raw['type'] : 'content';
      this.refuse(part.path ?? type, `this form of it exists only for ${part.origin} providers.`, type);
    }
    return false;
  }

  /** Top-level fields that only the client's shape knows, but for those that `said` names: refused by meaning, or noted. */
  unread({ source, extra }: GenRequest, said: ReadonlySet<string> = NONE): void {
    for (const [field, value] of Object.entries(extra)) {
      if (said.has(field)) continue;
      const meaning = meaningOf(source, field, value);
      if (meaning === 'hint') this.ignore(field);
      else if (meaning !== 'nothing') this.refuse(field, meaning.reason);
    }
  }

  /** What was left out, each once: the first 32 names, cut at 64 characters, then `+N` for N others (up to 1,000 are counted). */
  get ignored(): readonly string[] {
    const names = [...this.#ignored];
    const told = names.slice(0, NAMES_MAX).map((name) => name.slice(0, NAME_CHARS_MAX));
    return names.length > NAMES_MAX ? [...told, `+${names.length - NAMES_MAX}`] : told;
  }
}
