import type { GenRequest, Part } from './model.ts';

/**
 * Every piece of text that a tokenizer has to count for a request: system text, messages, tool declarations and their
 * schemas, tool calls and results. Media, which cost tokens by picture and not by character, are left out, and so is
 * thinking, which providers drop from earlier turns or count on their own.
 */
export function extractText(request: GenRequest): string[] {
  const out: string[] = request.system.map((part) => part.text);
  for (const message of request.messages) {
    for (const part of message.parts) addPart(part, out);
  }
  for (const tool of request.tools) {
    out.push(tool.name, tool.description ?? '', JSON.stringify(tool.parameters));
  }
  for (const tool of request.hosted_tools) out.push(JSON.stringify(tool.raw));
  const format = request.response_format;
  if (format?.type === 'json_schema') out.push(format.name, format.description ?? '', JSON.stringify(format.schema));
  return out.filter((text) => text !== '');
}

function addPart(part: Part, out: string[]): void {
  switch (part.type) {
    case 'text':
    case 'refusal':
      out.push(part.text);
      break;
    case 'file':
      if (part.name !== undefined) out.push(part.name);
      if (part.source.kind === 'text') out.push(part.source.text);
      break;
    case 'tool_call':
      out.push(part.name, part.args_json);
      break;
    case 'tool_result':
      for (const inner of part.content) addPart(inner, out);
      break;
    case 'opaque':
      out.push(JSON.stringify(part.raw));
      break;
    case 'image':
    case 'audio':
    case 'thinking':
      break;
  }
}
