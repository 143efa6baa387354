import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    /** The answers that are being streamed; aborted when the service closes. */
    streams: Set<AbortController>;
  }
}

/** Makes a scope take NDJSON alone, as a stream. Its streams end by themselves when the service closes. */
export function takeNdjson(scope: FastifyInstance): void {
  const streams = new Set<AbortController>();
  scope.decorate('streams', streams);
  scope.addHook('preClose', async () => {
    for (const stream of streams) stream.abort();
  });
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('application/x-ndjson', (_request, payload, done) => done(null, payload));
}

/**
 * Answers a streamed body with the text that is made from it, while it still comes. What fails before the first piece of
 * text is an ordinary problem. `stop` fires when the client is gone and when the service closes.
 */
export async function answerNdjson(
  request: FastifyRequest,
  reply: FastifyReply,
  textOf: (body: Readable, stop: AbortSignal) => AsyncGenerator<string>,
): Promise<FastifyReply> {
  const { streams } = request.server;
  const stop = new AbortController();
  streams.add(stop);
  reply.raw.once('close', () => {
    streams.delete(stop);
    stop.abort();
    if (!request.raw.readableEnded) dropRest(request.raw);
  });
  const text = textOf(request.body instanceof Readable ? request.body : Readable.from([]), stop.signal);
  const first = await text.next();
  return reply.type('application/x-ndjson').send(Readable.from(resumed(first, text)));
}

async function* resumed(first: IteratorResult<string>, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  if (!first.done) yield first.value;
  yield* rest;
}

/** How long the rest of a body is read and dropped: else the client, still sending, would not read why the answer ended. */
const DROP_MS = 2000;

function dropRest(request: IncomingMessage): void {
  setImmediate(() => request.resume());
  setTimeout(() => {
    if (!request.readableEnded) request.destroy();
  }, DROP_MS).unref();
}

/** Values that are read one by one, each as a line; a stream passes the serialiser by, so give it values of the documented shape. */
export function ndjsonOf(values: AsyncIterable<unknown>): Readable {
  return Readable.from(linesOf(values));
}

async function* linesOf(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}
