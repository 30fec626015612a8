/**
 * The smallest model that embeds, as the bytes of an ONNX file: a table of vectors, and one `Gather` that looks up the
 * token numbers in it. `input_ids` [batch, tokens] of int64 → `last_hidden_state` [batch, tokens, dims] of float.
 * Written by hand in the protobuf of onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3), IR version 8,
 * opset 13; the numbers of the fields are those of that file.
 */
export function tinyOnnx(table: readonly (readonly number[])[]): Uint8Array {
  const dims = table[0]?.length ?? 0;
  const INT64 = 7;
  const FLOAT = 1;
  const weights = message([
    number(1, table.length),
    number(1, dims),
    number(2, FLOAT),
    text(8, 'table'),
    bytes(9, new Uint8Array(Float32Array.from(table.flat()).buffer)),
  ]);
  const gather = message([text(1, 'table'), text(1, 'input_ids'), text(2, 'last_hidden_state'), text(4, 'Gather')]);
  const graph = message([
    bytes(1, gather),
    text(2, 'tiny'),
    bytes(5, weights),
    bytes(11, value('input_ids', INT64, ['batch', 'tokens'])),
    bytes(11, value('attention_mask', INT64, ['batch', 'tokens'])),
    bytes(12, value('last_hidden_state', FLOAT, ['batch', 'tokens', dims])),
  ]);
  return message([number(1, 8), bytes(7, graph), bytes(8, message([text(1, ''), number(2, 13)]))]);
}

/** ValueInfoProto: a name, and a tensor with named or known dimensions. */
function value(name: string, type: number, dims: readonly (string | number)[]): Uint8Array {
  const shape = message(
    dims.map((dim) => bytes(1, message([typeof dim === 'string' ? text(2, dim) : number(1, dim)]))),
  );
  const tensor = message([number(1, type), bytes(2, shape)]);
  return message([text(1, name), bytes(2, message([bytes(1, tensor)]))]);
}

function message(fields: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(fields.flatMap((field) => [...field]));
}

function varint(value: number): number[] {
  const low = value % 128;
  return value < 128 ? [value] : [low + 128, ...varint(Math.floor(value / 128))];
}

function number(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field * 8), ...varint(value)]);
}

function bytes(field: number, content: Uint8Array): Uint8Array {
  return Uint8Array.from([...varint(field * 8 + 2), ...varint(content.length), ...content]);
}

function text(field: number, content: string): Uint8Array {
  return bytes(field, new TextEncoder().encode(content));
}
