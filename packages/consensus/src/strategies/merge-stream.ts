/** What one lane has said so far. */
export interface StreamPart {
  readonly lane: number;
  readonly text: string;
  /** What it counts, 0 or more. */
  readonly weight: number;
  readonly is_complete: boolean;
}

/** Nothing is told ahead of the end beyond so many characters: each piece that comes is held against all of it. */
const SETTLED_MAX = 65_536;
/** A longer sentence is not told ahead of the end. */
const SENTENCE_MAX = 4_096;

const unitsOf = (chars: string): ReadonlySet<number> => new Set([...chars].map((char) => char.charCodeAt(0)));
const LINE_FEED = 0x0a;
const POINT = 0x2e;
/** What stands between words, and may be set otherwise without saying another thing. */
const BETWEEN = unitsOf(' \t\n\r\v\f\u00a0.,;:!"\'`*_’‘“”。！');
/** Part of a word where letters or digits are on both sides: `1,000`, `don't`, `foo_bar`, `a*b`. */
const JOINING = unitsOf(".,'’_*:");
const ENDS = unitsOf('.!?');
/** What may stand between the end of a sentence and the space after it. */
const CLOSING = unitsOf('"\'*_`)]’”');
/** Nothing has to follow these. */
const FULL_ENDS = unitsOf('。！？');

/**
 * The part of an answer in the making that will not change: whole sentences that lanes with more than half of the weight
 * (and two lanes at least, where there are two) have said one after the other, from the beginning on. Begins with
 * `settled`, what was told before, and only ever grows. Sentences are the same when their words and signs are, whatever
 * their case and what stands between; they are told in the words of the first lane that says them.
 */
export function mergeStream(
  parts: readonly StreamPart[],
  settled: string,
  places: StreamPlaces = new StreamPlaces(),
): string {
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  const enough = Math.min(2, parts.length);
  let text = settled;
  let lanes = parts
    .flatMap((part) => {
      const place = places.of(part, settled);
      return place === undefined ? [] : [{ part, ...place }];
    })
    // One that has said it word for word is asked for the words that follow before others are.
    .sort((a, b) => Number(b.is_verbatim) - Number(a.is_verbatim) || a.part.lane - b.part.lane)
    .map(({ part, at }) => ({ part, at }));
  while (text.length < SETTLED_MAX) {
    const groups = new Map<string, { part: StreamPart; at: number; end: number }[]>();
    for (const { part, at } of lanes) {
      const end = sentenceEnd(part, at);
      if (end === undefined) continue;
      const key = comparable(part.text, at, end);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [{ part, at, end }]);
      else group.push({ part, at, end });
    }
    const agreed = [...groups.values()].find(
      (group) => group.length >= enough && group.reduce((sum, { part }) => sum + part.weight, 0) > total / 2,
    );
    const [first] = agreed ?? [];
    if (agreed === undefined || first === undefined) break;
    text += first.part.text.slice(first.at, first.end);
    lanes = agreed.map(({ part, end }) => ({ part, at: end }));
  }
  return text;
}

/** Where a lane goes on after what was told. */
interface Place {
  readonly at: number;
  /** It has said all of it word for word. */
  readonly is_verbatim: boolean;
}

/** How far a lane and what was told have been followed already. */
interface Followed {
  readonly own: number;
  readonly told: number;
  readonly is_verbatim: boolean;
}

const FROM_THE_START: Followed = { own: 0, told: 0, is_verbatim: true };

/** Whether a text goes on with another. Parts of texts are compared at once, and `startsWith` character by character. */
function goesOn(text: string, at: number, other: string, from: number): boolean {
  const end = at + other.length - from;
  if (at === from && text === other) return true;
  return text.length >= end && text.slice(at, end) === other.slice(from);
}

/** Lanes of which is kept how far they were followed. */
const PLACES_MAX = 256;

/** How far each lane was followed: what has been read of it is not read again. Changes nothing but what it costs. */
export class StreamPlaces {
  /** What was told last; what places say of it holds as long as it only grows. */
  #told = '';
  readonly #known: Map<number, Followed & { readonly text: string }> = new Map();

  /** As `placeAfter`. */
  of(part: StreamPart, settled: string): Place | undefined {
    const { lane, text } = part;
    if (!goesOn(settled, 0, this.#told, 0)) this.#known.clear();
    this.#told = settled;
    const known = this.#known.get(lane);
    // Most lanes have said nothing since, and then their texts are one and the same.
    const is_known = known !== undefined && (text === known.text || goesOn(text, 0, known.text.slice(0, known.own), 0));
    const from = is_known ? known : FROM_THE_START;
    const place = placeAfter(part, settled, from);
    if (this.#known.size >= PLACES_MAX) this.#known.clear();
    // Only what space follows is read for good: `10.` may go on as `10.5`.
    if (place !== undefined && isSpace(text.charCodeAt(place.at))) {
      this.#known.set(lane, { text, own: place.at, told: settled.length, is_verbatim: place.is_verbatim });
    } else this.#known.set(lane, { ...from, text });
    return place;
  }
}

/** Where a text goes on that begins by saying what was told; undefined when it says something else, or not all of it yet. */
export function placeAfter(
  { text, is_complete }: Pick<StreamPart, 'text' | 'is_complete'>,
  settled: string,
  from: Followed = FROM_THE_START,
): Place | undefined {
  const next = from.own + settled.length - from.told;
  if (from.is_verbatim && goesOn(text, from.own, settled, from.told)) {
    if (next === 0 || next === text.length || isSpace(text.charCodeAt(next))) return { at: next, is_verbatim: true };
  }
  // One that is behind, word for word, has not said all of it yet.
  if (from.is_verbatim && !is_complete && text.length < next && goesOn(settled, from.told, text, from.own))
    return undefined;
  let own = pastBetween(text, from.own);
  let told = pastBetween(settled, from.told);
  let end = from.own;
  while (told < settled.length) {
    if (own === text.length || !isSame(text.charCodeAt(own), settled.charCodeAt(told))) return undefined;
    end = own + 1;
    own = pastBetween(text, end);
    const after = pastBetween(settled, told + 1);
    const is_break = after > told + 1 || after === settled.length;
    // A word that goes on is another word, and one that may yet go on is not known.
    if (is_break !== own > end && !(own === text.length && is_complete)) return undefined;
    told = after;
  }
  // Up to the space that begins the next sentence.
  while (end < own && !isSpace(text.charCodeAt(end))) end += 1;
  return { at: end, is_verbatim: false };
}

function isSame(a: number, b: number): boolean {
  return a === b || caseless(a) === caseless(b);
}

/** Letters of one unit without their case; others are only the same as themselves. */
function caseless(unit: number): number {
  if (unit >= 0x41 && unit <= 0x5a) return unit + 0x20;
  if (unit < 0x80) return unit;
  const lower = String.fromCharCode(unit).toLowerCase();
  return lower.length === 1 ? lower.charCodeAt(0) : unit;
}

const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39;
const isSpace = (unit: number): boolean => unit <= 0x20 || unit === 0xa0;
const isWord = (unit: number): boolean =>
  isDigit(unit) ||
  (unit >= 0x61 && unit <= 0x7a) ||
  (unit >= 0x41 && unit <= 0x5a) ||
  (unit >= 0x80 && !BETWEEN.has(unit));

function isBetween(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  if (!BETWEEN.has(unit)) return false;
  if (!JOINING.has(unit)) return true;
  const after = text.charCodeAt(at + 1);
  return !(isWord(after) && isWord(text.charCodeAt(at - 1))) && !(unit === POINT && isDigit(after));
}

function pastBetween(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBetween(text, at)) at += 1;
  return at;
}

/** Past the first sentence from a place on: past a `.`, `!` or `?` and before space, or before the end of a line. */
function sentenceEnd({ text, is_complete }: StreamPart, from: number): number | undefined {
  const limit = Math.min(text.length, from + SENTENCE_MAX);
  let says_something = false;
  for (let at = from; at < limit; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === LINE_FEED && says_something) return at;
    says_something ||= !isBetween(text, at);
    if (!says_something) continue;
    if (FULL_ENDS.has(unit)) return at + 1;
    if (!ENDS.has(unit)) continue;
    let end = at + 1;
    while (end < limit && CLOSING.has(text.charCodeAt(end))) end += 1;
    if (end < text.length && isSpace(text.charCodeAt(end))) return end;
  }
  return is_complete && says_something && limit === text.length && limit > from ? limit : undefined;
}

/** The words of a sentence, with one blank between them. */
function comparable(text: string, from: number, to: number): string {
  let kept = '';
  let is_break = false;
  for (let at = from; at < to; at += 1) {
    if (isBetween(text, at)) {
      is_break = kept !== '';
      continue;
    }
    kept += (is_break ? ' ' : '') + String.fromCharCode(caseless(text.charCodeAt(at)));
    is_break = false;
  }
  return kept;
}
