import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A question as the upstream was asked it. */
export interface Question {
  readonly model: string;
  readonly system: string;
  readonly user: string;
  readonly stream: boolean;
}

/** What a script answers: a text, or a refusal by its status. */
export type Script = (question: Question) => string | number;

export interface Upstream {
  readonly base_url: string;
  /** Since `play`. */
  readonly asked: readonly Question[];
  /** Answers by this from now on. */
  play(script: Script): void;
  close(): void;
}

/** A provider in OpenAI's shape on this machine, which says, streamed where it is asked to, what a script says to each question. */
export async function upstream(): Promise<Upstream> {
  const asked: Question[] = [];
  let script: Script = () => 503;
  const server = createServer((req, res) => {
    let body = '';
    req.setEncoding('utf8').on('data', (piece: string) => {
      body += piece;
    });
    req.on('end', () => {
      const question = questionOf(body);
      asked.push(question);
      const answer = script(question);
      if (typeof answer === 'number') {
        res.writeHead(answer, { 'content-type': 'application/json' });
        res.end(JSON.stringify({ error: { message: 'the script refuses', type: 'invalid_request_error' } }));
        return;
      }
      if (!question.stream) {
        res.writeHead(200, { 'content-type': 'application/json' });
        res.end(whole(answer));
        return;
      }
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(event([{ index: 0, delta: { role: 'assistant', content: answer }, finish_reason: null }]));
      res.write(event([{ index: 0, delta: {}, finish_reason: 'stop' }]));
      res.write(event([], USAGE));
      res.end('data: [DONE]\n\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    base_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    play: (next) => {
      script = next;
      asked.length = 0;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const USAGE = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };

function whole(content: string): string {
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
  return JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'x', choices, usage: USAGE });
}

function event(choices: readonly object[], usage?: object): string {
  const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'x' };
  return `data: ${JSON.stringify({ ...head, choices, ...(usage === undefined ? {} : { usage }) })}\n\n`;
}

interface ChatBody {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: readonly {
    readonly role: string;
    readonly content: string | readonly { readonly text: string }[];
  }[];
}

function questionOf(body: string): Question {
  const { model, messages, stream = false } = JSON.parse(body) as ChatBody;
  const of = (user: boolean): string =>
    messages
      .filter(({ role }) => (role === 'user') === user)
      .map(({ content }) => (typeof content === 'string' ? content : content.map(({ text }) => text).join('\n')))
      .join('\n');
  return { model, system: of(false), user: of(true), stream };
}
