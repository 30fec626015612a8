import { AtpError } from '@atp-router/kernel';

/** The words of a BERT that `vocab.txt` does not say: those of the original (Devlin et al. 2018, `tokenization.py`). */
const CONTINUING = '##';
const WORD_CHARS = 100;
const SPECIAL = ['[UNK]', '[CLS]', '[SEP]'] as const;

/**
 * The description of a tokenizer in the form of Hugging Face: `tokenizer.json` itself, or made of a `vocab.txt`, which has a
 * word piece on each line. One without a capital letter beside the marks is of a model that does not tell case apart.
 */
export function tokenizerOf(path: string, content: string): object {
  if (path.endsWith('.json')) {
    const parsed: unknown = parse(path, content);
    if (typeof parsed === 'object' && parsed !== null && 'model' in parsed) return parsed;
    throw unreadable(path, 'it has no "model"', 'the tokenizer.json of the model');
  }
  const pieces = content.split(/\r?\n/);
  if (pieces.at(-1) === '') pieces.pop();
  const vocab = Object.fromEntries(pieces.map((piece, id) => [piece, id]));
  const absent = SPECIAL.find((mark) => vocab[mark] === undefined);
  if (absent !== undefined) throw unreadable(path, `it has no line ${absent}`, 'the vocab.txt of a BERT');
  const is_cased = pieces.some((piece) => !/^\[.*\]$/.test(piece) && piece !== piece.toLowerCase());
  return wordPiece(vocab, !is_cased);
}

function wordPiece(vocab: Readonly<Record<string, number>>, lowercase: boolean): object {
  const [unk, cls, sep] = SPECIAL;
  const mark = (id: string): object => ({ SpecialToken: { id, type_id: 0 } });
  return {
    version: '1.0',
    added_tokens: SPECIAL.map((content) => ({ id: vocab[content], content, special: true })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [mark(cls), { Sequence: { id: 'A', type_id: 0 } }, mark(sep)],
      pair: [],
      special_tokens: Object.fromEntries([cls, sep].map((id) => [id, { id, ids: [vocab[id]], tokens: [id] }])),
    },
    decoder: { type: 'WordPiece', prefix: CONTINUING, cleanup: true },
    model: {
      type: 'WordPiece',
      vocab,
      unk_token: unk,
      continuing_subword_prefix: CONTINUING,
      max_input_chars_per_word: WORD_CHARS,
    },
  };
}

function parse(path: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    throw unreadable(path, 'it is not JSON', 'the tokenizer.json of the model');
  }
}

function unreadable(path: string, why: string, expected: string): AtpError {
  return new AtpError('config_invalid', `embeddings.tokenizer: ${path} cannot be used: ${why}. Expected ${expected}.`);
}
