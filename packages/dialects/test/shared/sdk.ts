import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { ChatCompletion } from 'openai/resources/chat/completions';

/** The official clients, fed with bytes instead of a connection: what they accumulate is what users get. */

/** Small pieces, so that the client's own framing is at work too. */
function answer(body: string, type: string, status = 200): () => Promise<Response> {
  const bytes = new TextEncoder().encode(body);
  return async () => {
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 61) controller.enqueue(bytes.subarray(at, at + 61));
        controller.close();
      },
    });
    return new Response(stream, { status, headers: { 'content-type': type } });
  };
}

function openai(body: string, type: string, status?: number): OpenAI {
  return new OpenAI({
    apiKey: 'none',
    baseURL: 'http://127.0.0.1/v1',
    maxRetries: 0,
    fetch: answer(body, type, status),
  });
}

function anthropic(body: string, type: string, status?: number): Anthropic {
  return new Anthropic({
    apiKey: 'none',
    baseURL: 'http://127.0.0.1',
    maxRetries: 0,
    fetch: answer(body, type, status),
  });
}

const SSE = 'text/event-stream';
const ASK_OPENAI = { model: 'small', messages: [{ role: 'user' as const, content: 'Hi' }] };
const ASK_ANTHROPIC = { ...ASK_OPENAI, max_tokens: 100 };

export async function openaiStream(stream: string): Promise<ChatCompletion> {
  return openai(stream, SSE).chat.completions.stream(ASK_OPENAI).finalChatCompletion();
}

export async function openaiAnswer(body: unknown, status?: number): Promise<ChatCompletion> {
  return openai(JSON.stringify(body), 'application/json', status).chat.completions.create(ASK_OPENAI);
}

export async function responsesStream(stream: string): Promise<OpenAI.Responses.Response> {
  return openai(stream, SSE).responses.stream({ model: 'small', input: 'Hi' }).finalResponse();
}

export async function anthropicStream(stream: string): Promise<Anthropic.Message> {
  return anthropic(stream, SSE).messages.stream(ASK_ANTHROPIC).finalMessage();
}

export async function anthropicAnswer(body: unknown, status?: number): Promise<Anthropic.Message> {
  return anthropic(JSON.stringify(body), 'application/json', status).messages.create(ASK_ANTHROPIC);
}
