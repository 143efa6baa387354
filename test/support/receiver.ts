import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: {
    readonly type: string;
    readonly timestamp: string;
    readonly data: Readonly<Record<string, unknown>>;
  };
}

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** What it answers from now on: a status with headers, or a handler of its own. 204 at first. */
  readonly answer: (reply: Reply) => void;
  readonly close: () => Promise<void>;
}

type Handler = (call: Received, response: ServerResponse) => void;
export type Reply = { readonly status: number; readonly headers?: Readonly<Record<string, string>> } | Handler;

async function read(request: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const { url = '', headers } = request;
  return { path: url, id: String(headers['webhook-id']), headers, text, body: JSON.parse(text) };
}

/** A webhook endpoint on this machine. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let reply: Reply = { status: 204 };
  const server = createServer(async (request, response) => {
    const call = await read(request);
    received.push(call);
    if (typeof reply === 'function') reply(call, response);
    else response.writeHead(reply.status, reply.headers).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/hooks`,
    received,
    answer: (next) => {
      reply = next;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
