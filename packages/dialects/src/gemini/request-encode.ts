import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { EncodeContext, EncodedRequest } from '../dialect.ts';
import type { GenRequest } from '../model.ts';
import { saidByShowing } from '../reasoning.ts';
import { hoistSystem } from '../system-messages.ts';
import { Translation } from '../translation.ts';
import { encodeContents } from './contents-encode.ts';
import { FEATURES_GEMINI } from './features.ts';
import { encodeGenerationConfig } from './generation-config.ts';
import { traitsOf } from './models.ts';
import { encodeSchema } from './schema.ts';

type Fields = Record<string, JsonValue | undefined>;

/** Internal model → body of `generateContent` and `streamGenerateContent`; model and streaming are said by the path. */
export function encodeRequest(wanted: GenRequest, ctx: EncodeContext): EncodedRequest {
  const t = new Translation('gemini', FEATURES_GEMINI, ctx);
  const request = hoistSystem(wanted, t);
  const traits = traitsOf(ctx.upstream_model);
  const system = request.system.filter((part) => part.text !== '').map((part) => ({ text: part.text }));
  if (request.system.some((part) => part.cache !== undefined)) t.allows('cache_markers');
  const contents = encodeContents(request, t, traits.thinks_by_level);
  const body: Fields = {};
  if (contents.length > 0) {
    body['contents'] = contents;
    if (system.length > 0) body['systemInstruction'] = { parts: system };
  } else {
    // Gemini refuses a request without contents, so a prompt of system text alone is sent as the user's.
    body['contents'] = [{ role: 'user', parts: system.length > 0 ? system : [{ text: '' }] }];
  }
  encodeTools(request, body, t);
  const config = encodeGenerationConfig(request, ctx, traits, t);
  if (Object.keys(config).length > 0) body['generationConfig'] = config;
  encodeServiceTier(request, body, t);
  const thinking = config['thinkingConfig'];
  noteHints(request, isJsonObject(thinking) && thinking['includeThoughts'] === true, t);
  return { body, ignored: t.ignored };
}

function encodeTools(request: GenRequest, body: Fields, t: Translation): void {
  const tools: JsonValue[] = [];
  for (const tool of request.hosted_tools) {
    if (tool.origin === 'gemini') tools.push(tool.raw);
    else t.hosted(tool);
  }
  if (request.tools.length > 0) {
    tools.push({
      functionDeclarations: request.tools.map((tool) => {
        if (tool.cache !== undefined) t.allows('cache_markers');
        for (const key of Object.keys(tool.extra ?? {})) t.ignore(`tools.${key}`);
        return {
          name: tool.name,
          ...(tool.description === undefined ? {} : { description: tool.description }),
          parametersJsonSchema: encodeSchema(tool.parameters),
        };
      }),
    });
    const calling = callingConfig(request);
    if (calling !== undefined) body['toolConfig'] = { functionCallingConfig: calling };
    if (request.parallel_tool_calls === false) {
      t.refuse('parallel_tool_calls', 'Gemini cannot be held to one call at a time.');
    }
  }
  if (tools.length > 0) body['tools'] = tools;
}

function callingConfig(request: GenRequest): JsonObject | undefined {
  const choice = request.tool_choice;
  if (choice?.type === 'none') return { mode: 'NONE' };
  if (choice?.type === 'required') return { mode: 'ANY' };
  if (choice?.type === 'tool') return { mode: 'ANY', allowedFunctionNames: [choice.name] };
  if (request.tools.some((tool) => tool.strict === true)) return { mode: 'VALIDATED' };
  return choice === undefined ? undefined : { mode: 'AUTO' };
}

const TIERS: Readonly<Record<string, string>> = {
  default: 'standard',
  standard: 'standard',
  standard_only: 'standard',
  flex: 'flex',
  priority: 'priority',
};

function encodeServiceTier(request: GenRequest, body: Fields, t: Translation): void {
  const wanted = request.service_tier;
  if (wanted === undefined || wanted === 'auto') return;
  const tier = TIERS[wanted];
  if (tier === undefined) t.ignore('service_tier');
  else body['serviceTier'] = tier;
}

function noteHints(request: GenRequest, shows_thoughts: boolean, t: Translation): void {
  if (request.user !== undefined) t.allows('user');
  if (request.metadata !== undefined) t.allows('metadata');
  t.unread(request, saidByShowing(request, shows_thoughts));
}
