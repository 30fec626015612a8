import type { EitherTable, ManyTable, RangeTable, SpecTable, TextTable } from '../describe/tables.ts';

/**
 * Why some value that `writer` allows is refused by `reader`: one line per reason, none when everything is taken. Says
 * "refused" rather than "taken" where it cannot be told, as for two different patterns.
 */
export function refusals(reader: SpecTable, writer: SpecTable): readonly string[] {
  if (reader.kind === 'any') return [];
  if (writer.kind === 'either') return writer.of.flatMap((one) => refusals(reader, one));
  if (reader.kind === 'either') return eitherRefusals(reader, writer);
  switch (writer.kind) {
    case 'int':
    case 'number':
      return numberRefusals(reader, writer);
    case 'text':
      return textRefusals(reader, writer);
    case 'word':
      return writer.values.flatMap((word) => wordRefusals(reader, word));
    case 'list':
      return reader.kind === 'list' ? boundRefusals(reader, writer, 'elements') : [other(reader, writer)];
    case 'record':
      if (reader.kind === 'free_object') return [];
      return reader.kind === 'record' ? boundRefusals(reader, writer, 'members') : [other(reader, writer)];
    case 'object':
      if (reader.kind === 'free_object') return [];
      // Two shapes of one name are compared member by member, elsewhere.
      return reader.kind === 'object' && reader.shape === writer.shape ? [] : [other(reader, writer)];
    case 'flag':
    case 'free_object':
    case 'any':
      return reader.kind === writer.kind ? [] : [other(reader, writer)];
  }
}

/** What a kind is called in reasons. */
export function kindText(spec: SpecTable): string {
  switch (spec.kind) {
    case 'int':
      return `an integer from ${spec.min} to ${spec.max}`;
    case 'number':
      return `a number from ${spec.min} to ${spec.max}`;
    case 'text':
      return `a text of ${spec.min} to ${spec.max} characters${spec.pattern === undefined ? '' : ' with a pattern'}`;
    case 'word':
      return `one of ${spec.values.join(', ')}`;
    case 'list':
      return `a list of at most ${spec.max} of ${kindText(spec.of)}`;
    case 'record':
      return `an object of at most ${spec.max} of ${kindText(spec.of)}`;
    case 'object':
      return `an object ${spec.shape}`;
    case 'either':
      return spec.of.map(kindText).join(' or ');
    case 'flag':
      return 'true or false';
    case 'any':
      return 'any value';
    case 'free_object':
      return 'any object';
  }
}

function other(reader: SpecTable, writer: SpecTable): string {
  return `${kindText(writer)} is sent where ${kindText(reader)} is taken`;
}

/** A writer's value fits when one of the branches takes all of it; the reasons are those of the branch that is nearest. */
function eitherRefusals(reader: EitherTable, writer: SpecTable): readonly string[] {
  const all = reader.of.map((one) => ({ kind: one.kind, reasons: refusals(one, writer) }));
  if (all.some(({ reasons }) => reasons.length === 0)) return [];
  return all.find(({ kind }) => kind === writer.kind)?.reasons ?? [other(reader, writer)];
}

function numberRefusals(reader: SpecTable, writer: RangeTable): readonly string[] {
  if (reader.kind !== 'int' && reader.kind !== 'number') return [other(reader, writer)];
  return [
    ...(reader.kind === 'int' && writer.kind === 'number' ? ['a fraction is sent where an integer is taken'] : []),
    ...rangeRefusals(reader, writer, ''),
  ];
}

function rangeRefusals(
  reader: { readonly min: number; readonly max: number },
  writer: { readonly min: number; readonly max: number },
  unit: string,
): readonly string[] {
  return [
    ...(writer.min < reader.min ? [`from ${writer.min}${unit} is sent, and less than ${reader.min} refused`] : []),
    ...(writer.max > reader.max ? [`up to ${writer.max}${unit} is sent, and more than ${reader.max} refused`] : []),
  ];
}

function textRefusals(reader: SpecTable, writer: TextTable): readonly string[] {
  if (reader.kind !== 'text') return [other(reader, writer)];
  const is_other = reader.pattern !== undefined && reader.pattern !== writer.pattern;
  return [
    ...rangeRefusals(reader, writer, ' characters'),
    ...(is_other ? [`text that does not match ${reader.pattern} is sent and refused`] : []),
  ];
}

function wordRefusals(reader: SpecTable, word: string): readonly string[] {
  if (reader.kind === 'word') return reader.values.includes(word) ? [] : [`"${word}" is sent, and is not known`];
  if (reader.kind !== 'text') return [`"${word}" is sent where ${kindText(reader)} is taken`];
  const length = [...word].length;
  const fits = length >= reader.min && length <= reader.max && reader.pattern === undefined;
  return fits ? [] : [`"${word}" is sent where ${kindText(reader)} is taken`];
}

function boundRefusals(reader: ManyTable, writer: ManyTable, what: 'elements' | 'members'): readonly string[] {
  const more =
    writer.max > reader.max ? [`up to ${writer.max} ${what} are sent, and more than ${reader.max} refused`] : [];
  return [...more, ...refusals(reader.of, writer.of).map((reason) => `of its ${what}: ${reason}`)];
}
