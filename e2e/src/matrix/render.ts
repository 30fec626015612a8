import { FEATURES } from '@atp-router/dialects';
import { PROVIDER_IDS, type ProviderId } from '../config.ts';
import { type Cell, matrix } from './cells.ts';
import { INGRESS_IDS, type IngressId, PATHS } from './ingress.ts';

const PROVIDER_NAMES: Readonly<Record<ProviderId, string>> = {
  chat: 'OpenAI chat',
  responses: 'OpenAI responses',
  anthropic: 'Anthropic',
  gemini: 'Gemini',
  ollama: 'Ollama',
};

const INGRESS_NAMES: Readonly<Record<IngressId, string>> = {
  chat: 'Clients of Chat Completions',
  responses: 'Clients of the Responses API',
  messages: 'Clients of Anthropic Messages',
  ask: 'Clients of `ask`',
};

const HEAD = `# What every client shape can ask of every provider

Generated from the feature tables of the codecs (\`packages/dialects/src/*/features.ts\`); every cell is run end to end by
\`e2e/test/matrix.test.ts\`, which also compares this page with the tables. Make it anew with
\`npm run matrix -w e2e\`.

- **=** same shape on both sides: the request passes as it is, unknown fields included.
- **yes** said in the provider's words; a number leads to how.
- **ignored** a hint that the provider lacks: the call is answered without it, and \`x-atp-ignored\` names it.
- **no** it would change the meaning of the answer: 400 \`untranslatable\` with the reason, unless the model has
  \`on_untranslatable: drop\` for the field.
- **·** the client shape has no way to ask for it.

Providers of type \`openai\` speak Chat Completions, or Responses with \`api: responses\`. Embeddings are a shape of their
own: \`/v1/embeddings\` works with OpenAI, Gemini and Ollama; Anthropic has none and says so.
`;

/** Numbers reasons in the order in which they are first met. */
class Notes {
  readonly #numbers: Map<string, number> = new Map();

  mark(reason: string | undefined): string {
    if (reason === undefined) return '';
    const known = this.#numbers.get(reason) ?? this.#numbers.size + 1;
    this.#numbers.set(reason, known);
    return ` [${known}]`;
  }

  lines(): string[] {
    return [...this.#numbers].map(([reason, number]) => `${number}. ${reason}`);
  }
}

function word({ promise }: Cell, notes: Notes): string {
  switch (promise.kind) {
    case 'unsaid':
      return `·${notes.mark(promise.reason)}`;
    case 'passed':
      return '=';
    case 'said':
      return `yes${notes.mark(promise.how)}`;
    case 'ignored':
      return `ignored${notes.mark(promise.reason)}`;
    case 'refused':
      return `no${notes.mark(promise.reason)}`;
  }
}

function section(ingress: IngressId, cells: readonly Cell[]): string {
  const notes = new Notes();
  const rows = FEATURES.map((feature) => {
    const row = PROVIDER_IDS.map((provider) => cells.find((c) => c.feature === feature && c.provider === provider));
    return `| \`${feature}\` | ${row.map((cell) => (cell === undefined ? '' : word(cell, notes))).join(' | ')} |`;
  });
  const names = PROVIDER_IDS.map((id) => PROVIDER_NAMES[id]);
  return [
    `## ${INGRESS_NAMES[ingress]}`,
    '',
    `\`POST ${PATHS[ingress]}\``,
    '',
    `| feature | ${names.join(' | ')} |`,
    `|---|${names.map(() => '---|').join('')}`,
    ...rows,
    '',
    ...notes.lines(),
    '',
  ].join('\n');
}

/** `docs/protocol/matrix.md`. */
export function renderMatrix(): string {
  const cells = matrix();
  const sections = INGRESS_IDS.map((ingress) =>
    section(
      ingress,
      cells.filter((cell) => cell.ingress === ingress),
    ),
  );
  return `${HEAD}\n${sections.join('\n')}`;
}
