import type { FieldTables, MemberTable, PayloadTable } from '../describe/tables.ts';
import { kindText, refusals } from './covers.ts';

/** What a change does to one reader of the other edition's frames. */
export interface Verdict {
  readonly compatible: boolean;
  readonly reason: string;
  /** The sentence of docs/protocol/atp.md from which it follows. */
  readonly sentence: string;
}

/** One difference between two editions. */
export interface Change {
  /** Place: `frame.ttl`, `payload agent.dispatch`, `limits.depth`. */
  readonly path: string;
  /** What is different, in words. */
  readonly what: string;
  /** Frames of the new edition, read by the old one. */
  readonly old_reader: Verdict;
  /** Frames of the old edition, read by the new one. */
  readonly new_reader: Verdict;
}

const fine = (sentence: string, reason: string): Verdict => ({ compatible: true, reason, sentence });
const breaking = (sentence: string, reason: string): Verdict => ({ compatible: false, reason, sentence });
const byRefusals = (reasons: readonly string[], sentence: string): Verdict =>
  reasons.length === 0 ? fine(sentence, 'all that may be sent is taken') : breaking(sentence, reasons.join('; '));

/** Every difference between two editions that peers can notice. What is only said in other words is none. */
export function compareTables(old: FieldTables, now: FieldTables): readonly Change[] {
  return [
    ...majorChanges(old, now),
    ...limitChanges(old, now),
    ...listChanges(old, now),
    ...shapeChanges(old, now),
    ...payloadChanges(old, now),
  ];
}

export function isBreaking({ old_reader, new_reader }: Change): boolean {
  return !old_reader.compatible || !new_reader.compatible;
}

function majorChanges(old: FieldTables, now: FieldTables): Change[] {
  if (old.major === now.major) return [];
  const refused = breaking('W5', 'frames of another major are refused, whatever is in them');
  return [{ path: 'major', what: `${old.major} became ${now.major}`, old_reader: refused, new_reader: refused }];
}

function limitChanges(old: FieldTables, now: FieldTables): Change[] {
  return unionOf(old.limits, now.limits).flatMap((name) => {
    const before = own(old.limits, name);
    const after = own(now.limits, name);
    if (before === after) return [];
    const sentence = name.startsWith('message_') ? 'W61' : 'W20';
    const within = fine(sentence, 'nothing larger is sent than is taken');
    const beyond = breaking(
      sentence,
      'larger ones are refused; they may be sent only to peers that said they take them',
    );
    const from = before ?? Number.POSITIVE_INFINITY;
    const to = after ?? Number.POSITIVE_INFINITY;
    return [
      {
        path: `limits.${name}`,
        what: `${before ?? 'none'} became ${after ?? 'none'}`,
        old_reader: to > from ? beyond : within,
        new_reader: from > to ? beyond : within,
      },
    ];
  });
}

/** Words that receivers take whether they know them or not: what is lost without them is their meaning. */
const LISTS = [
  { list: 'flags', one: 'flag', sentence: 'W12' },
  { list: 'errors', one: 'error code', sentence: 'W63' },
  { list: 'faults', one: 'kind of fault', sentence: 'W65' },
] as const;

function listChanges(old: FieldTables, now: FieldTables): Change[] {
  const changes = LISTS.flatMap(({ list, one, sentence }) => {
    const added = now[list].filter((word) => !old[list].includes(word));
    const removed = old[list].filter((word) => !now[list].includes(word));
    const taken = fine(sentence, `a ${one} that is not known is taken and has no effect`);
    const unsent = fine(sentence, 'it is no longer sent');
    return [
      ...added.map((word) => ({
        path: `${list}.${word}`,
        what: `${one} added`,
        old_reader: taken,
        new_reader: fine(sentence, 'old senders do not send it'),
      })),
      ...removed.map((word) => ({
        path: `${list}.${word}`,
        what: `${one} removed`,
        old_reader: unsent,
        // An error that is not known is still an error; a flag that is not known is nothing.
        new_reader: list === 'flags' ? breaking(sentence, 'what old senders mean by it has no effect any more') : taken,
      })),
    ];
  });
  return [...changes, ...togetherChanges(old, now)];
}

function togetherChanges(old: FieldTables, now: FieldTables): Change[] {
  if (old.together.join() === now.together.join()) return [];
  const more = (reader: FieldTables, writer: FieldTables): Verdict => {
    const wanted = reader.together.filter((name) => !writer.together.includes(name));
    return wanted.length === 0 && reader.together[0] === writer.together[0]
      ? fine('W8', 'what is needed beside a signature is sent')
      : breaking('W8', `a signed frame without ${wanted.join(', ')} is refused`);
  };
  return [
    {
      path: 'together',
      what: `${old.together.join(', ')} became ${now.together.join(', ')}`,
      old_reader: more(old, now),
      new_reader: more(now, old),
    },
  ];
}

function shapeChanges(old: FieldTables, now: FieldTables): Change[] {
  // A shape that only one edition has is seen where it is used.
  const both = Object.keys(now.shapes).filter((id) => Object.hasOwn(old.shapes, id));
  return both.flatMap((id) => {
    const before = old.shapes[id]?.members ?? {};
    const after = now.shapes[id]?.members ?? {};
    return unionOf(before, after).flatMap((name) => {
      const path = `${id}.${name}`;
      const was = own(before, name);
      const is = own(after, name);
      if (was === undefined) return is === undefined ? [] : [added(path, is)];
      return is === undefined ? [removed(path, was)] : memberChanges(path, was, is);
    });
  });
}

function added(path: string, { key, required, spec }: MemberTable): Change {
  return {
    path,
    what: `member added: ${kindText(spec)}`,
    old_reader:
      key === undefined
        ? fine('W6', 'a member that is not known is ignored')
        : breaking('W34', `in CBOR it has the integer key ${key}, which is refused; added members go under their name`),
    new_reader: required
      ? breaking('W2', 'old senders leave it out, and it has to be there')
      : fine('W4', 'old senders leave it out, and it may be absent'),
  };
}

function removed(path: string, { key, required }: MemberTable): Change {
  return {
    path,
    what: 'member removed',
    old_reader: required
      ? breaking('W2', 'new senders leave it out, and it has to be there')
      : fine('W4', 'new senders leave it out, and it may be absent'),
    new_reader:
      key === undefined
        ? breaking('W6', 'what old senders say with it is ignored')
        : breaking('W34', `in CBOR its integer key ${key} is refused`),
  };
}

function memberChanges(path: string, was: MemberTable, is: MemberTable): Change[] {
  const changes: Change[] = [];
  if (was.key !== is.key) {
    const refused = breaking('W39', 'in CBOR the key means another member, or none');
    const what = `integer key ${was.key ?? 'none'} became ${is.key ?? 'none'}`;
    changes.push({ path, what, old_reader: refused, new_reader: refused });
  }
  if (was.required !== is.required) {
    const lacking = breaking('W2', 'it is left out, and has to be there');
    const there = fine('W2', 'it is there wherever it has to be');
    changes.push({
      path,
      what: is.required ? 'has to be there now' : 'may be absent now',
      old_reader: is.required ? there : lacking,
      new_reader: is.required ? lacking : there,
    });
  }
  if (JSON.stringify(was.default) !== JSON.stringify(is.default)) {
    const other = breaking('W4', 'left out, it means something else to the other side');
    const what = `default ${JSON.stringify(was.default) ?? 'none'} became ${JSON.stringify(is.default) ?? 'none'}`;
    changes.push({ path, what, old_reader: other, new_reader: other });
  }
  if (JSON.stringify(was.spec) !== JSON.stringify(is.spec)) {
    const old_reader = byRefusals(refusals(was.spec, is.spec), 'W3');
    const new_reader = byRefusals(refusals(is.spec, was.spec), 'W3');
    changes.push({ path, what: `${kindText(was.spec)} became ${kindText(is.spec)}`, old_reader, new_reader });
  }
  return changes;
}

function payloadChanges(old: FieldTables, now: FieldTables): Change[] {
  return unionOf(old.payloads, now.payloads).flatMap((type) => {
    const path = `payload ${type}`;
    const was = own(old.payloads, type);
    const is = own(now.payloads, type);
    const taken = fine('W17', 'a payload type that is not known is taken, with any content');
    if (was === undefined) {
      const new_reader = fine('W17', 'old senders do not send it');
      return [{ path, what: 'payload type added', old_reader: taken, new_reader }];
    }
    if (is === undefined) {
      const new_reader = breaking('W17', 'what old senders send is taken, and has no effect any more');
      return [{ path, what: 'payload type removed', old_reader: fine('W17', 'it is no longer sent'), new_reader }];
    }
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    const old_reader = byRefusals(payloadRefusals(was, is), 'W16');
    const new_reader = byRefusals(payloadRefusals(is, was), 'W16');
    return [{ path, what: `${payloadText(was)} became ${payloadText(is)}`, old_reader, new_reader }];
  });
}

/** Why the reader refuses some payload of a type as the writer has it. Shapes of one name are compared elsewhere. */
function payloadRefusals(reader: PayloadTable, writer: PayloadTable): string[] {
  const { content, required, requires = [] } = reader;
  const lacking = requires.filter((name) => !(writer.requires ?? []).includes(name));
  return [
    ...(content !== undefined && content !== writer.content
      ? [`a content that is no ${content} is sent and refused`]
      : []),
    ...(required && !writer.required ? ['the content is left out, and has to be there'] : []),
    ...lacking.map((name) => `${name} is left out, and has to be there`),
  ];
}

function payloadText({ content, required, requires }: PayloadTable): string {
  const needs = requires === undefined || requires.length === 0 ? '' : ` with ${requires.join(', ')}`;
  return `${content === undefined ? 'any content' : `content ${content}`}${required ? '' : ' or none'}${needs}`;
}

function unionOf(left: object, right: object): readonly string[] {
  return [...new Set([...Object.keys(left), ...Object.keys(right)])];
}

/** A member of the object itself: names come from a file, and may be those of every object. */
function own<T>(of: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}
