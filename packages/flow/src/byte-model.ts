/** What of a prompt can be counted without a tokenizer. Bytes are UTF-8 bytes of text, roles and tool definitions. */
export interface PromptSize {
  readonly ascii_bytes: number;
  readonly other_bytes: number;
  readonly messages: number;
  readonly tools: number;
  readonly images: number;
}

/** Of no prompt at all. */
export const NO_PROMPT: PromptSize = { ascii_bytes: 0, other_bytes: 0, messages: 0, tools: 0, images: 0 };

/** Before any calibration: the usual rule of four ASCII bytes to a token; other scripts take more tokens per byte. */
const ASCII_TOKENS_PER_BYTE = 0.25;
const OTHER_TOKENS_PER_BYTE = 0.4;
const ASCII_BOUNDS = { low: 1 / 32, high: 1 };
const OTHER_BOUNDS = { low: 1 / 16, high: 2 };

/** Framing that the chat templates of the large providers add, and an image at common sizes. */
const TOKENS_PER_REQUEST = 3;
const TOKENS_PER_MESSAGE = 4;
const TOKENS_PER_TOOL = 8;
const TOKENS_PER_IMAGE = 1_200;

/** The first guess weighs as much as this many bytes of reported traffic. */
const PRIOR_BYTES = 2_000;
/** Prompts below this say more about framing than about text. */
const MIN_BYTES = 64;
/** A single prompt never weighs more than this, so that one odd upload does not turn the model. */
const MAX_WEIGHT_BYTES = 16_384;
/** Share of the old totals that an observation replaces: about the last fifty prompts count. */
const DECAY = 0.02;
const ERROR_DECAY = 0.05;
/** A reported error above this counts as this. */
const MAX_RELATIVE_ERROR = 2;
const PRIOR_ERROR = 0.2;

/**
 * Prompt tokens of one model from byte counts, calibrated by the totals that providers report. Decayed totals of bytes
 * and tokens are kept for ASCII and for other text; a mixed prompt is split in the proportion of the present estimate.
 */
export class ByteModel {
  #ascii_bytes: number = PRIOR_BYTES;
  #ascii_tokens: number = PRIOR_BYTES * ASCII_TOKENS_PER_BYTE;
  #other_bytes: number = PRIOR_BYTES;
  #other_tokens: number = PRIOR_BYTES * OTHER_TOKENS_PER_BYTE;
  #error_squared: number = PRIOR_ERROR * PRIOR_ERROR;
  #samples = 0;

  /** Whole tokens, at least 1. */
  tokens(size: PromptSize): number {
    const text = size.ascii_bytes * this.ascii_tokens_per_byte + size.other_bytes * this.other_tokens_per_byte;
    return Math.max(1, Math.ceil(text + margins(size)));
  }

  /** Mean squared relative error of recent estimates; the variance of an estimate is this times its square. */
  get relative_variance(): number {
    return this.#error_squared;
  }

  get samples(): number {
    return this.#samples;
  }

  get ascii_tokens_per_byte(): number {
    return clamp(this.#ascii_tokens / this.#ascii_bytes, ASCII_BOUNDS.low, ASCII_BOUNDS.high);
  }

  get other_tokens_per_byte(): number {
    return clamp(this.#other_tokens / this.#other_bytes, OTHER_BOUNDS.low, OTHER_BOUNDS.high);
  }

  /** Learns from the input tokens that a provider reported. Prompts with images or hardly any text teach nothing. */
  observe(size: PromptSize, in_tokens: number): void {
    const bytes = size.ascii_bytes + size.other_bytes;
    if (size.images > 0 || bytes < MIN_BYTES || !(in_tokens > 0)) return;
    const estimate = this.tokens(size);
    const error = clamp((in_tokens - estimate) / estimate, -MAX_RELATIVE_ERROR, MAX_RELATIVE_ERROR);
    this.#error_squared += ERROR_DECAY * (error * error - this.#error_squared);
    this.#samples += 1;

    const weight = Math.min(1, MAX_WEIGHT_BYTES / bytes);
    const ascii = size.ascii_bytes * this.ascii_tokens_per_byte;
    const other = size.other_bytes * this.other_tokens_per_byte;
    const reported = clamp(in_tokens - margins(size), bytes * ASCII_BOUNDS.low, bytes * OTHER_BOUNDS.high);
    const scale = reported / (ascii + other);
    const ascii_share = ascii / (ascii + other);
    const keep_ascii = 1 - DECAY * ascii_share;
    const keep_other = 1 - DECAY * (1 - ascii_share);
    this.#ascii_bytes = this.#ascii_bytes * keep_ascii + size.ascii_bytes * weight;
    this.#ascii_tokens = this.#ascii_tokens * keep_ascii + ascii * scale * weight;
    this.#other_bytes = this.#other_bytes * keep_other + size.other_bytes * weight;
    this.#other_tokens = this.#other_tokens * keep_other + other * scale * weight;
  }
}

function margins(size: PromptSize): number {
  return (
    TOKENS_PER_REQUEST +
    size.messages * TOKENS_PER_MESSAGE +
    size.tools * TOKENS_PER_TOOL +
    size.images * TOKENS_PER_IMAGE
  );
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
