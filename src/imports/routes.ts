import { Readable } from 'node:stream';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { ndjsonOf } from '../http/ndjson.ts';
import { idempotencyHeadersSchema, markReplay } from '../http/rest.ts';
import {
  importListSchema,
  importParamsSchema,
  importSchema,
  listQuerySchema,
  rejectionSchema,
  templateQuerySchema,
  uploadQuerySchema,
} from './schemas.ts';
import { cancelImport, createImport, getImport, importTemplate, listImports, listRejections } from './service.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Largest file of an import. */
    importLimitBytes: number;
  }
}

const tags = ['Imports'];

/** The file itself: handed on as a stream, so it has no shape to check. */
const fileSchema = z.unknown().meta({ type: 'string', description: 'CSV in UTF-8 or GB18030, as the charset says' });

export const importRoutes: FastifyPluginAsyncZod = async (app) => {
  // In a scope of its own: only here is a body not read into memory, and nothing but CSV is taken.
  await app.register(async (upload: typeof app) => {
    upload.removeAllContentTypeParsers();
    upload.addContentTypeParser('text/csv', (_request, payload, done) => done(null, payload));
    upload.post(
      '/imports',
      {
        schema: {
          operationId: 'createImport',
          tags,
          summary: 'Send a file of accounts; the work goes on in the background',
          consumes: ['text/csv'],
          headers: idempotencyHeadersSchema,
          querystring: uploadQuerySchema,
          body: fileSchema,
          response: { 202: importSchema, ...problems(409, 413, 415, 422) },
        },
      },
      async (request, reply) => {
        const { 'content-type': contentType = '', 'content-length': length } = request.raw.headers;
        const upload = {
          ...request.query,
          contentType,
          length: length === undefined ? null : Number(length),
          body: request.body instanceof Readable ? request.body : Readable.from([]),
          limitBytes: app.importLimitBytes,
        };
        const result = await createImport(contextOf(request), upload, request.headers['idempotency-key']);
        reply.header('location', `/v1/imports/${result.answer.importId}`);
        return markReplay(reply, result).code(202).send(result.answer);
      },
    );
  });
  app.get(
    '/imports',
    {
      schema: {
        operationId: 'listImports',
        tags,
        summary: 'The newest imports first',
        querystring: listQuerySchema,
        response: { 200: importListSchema, ...problems() },
      },
    },
    async (request) => ({ items: await listImports(contextOf(request), request.query.limit) }),
  );
  app.get(
    '/imports/template',
    {
      schema: {
        operationId: 'getImportTemplate',
        tags,
        summary: 'Header and one example row of a source',
        querystring: templateQuerySchema,
        response: {
          200: { description: 'CSV in UTF-8', content: { 'text/csv': { schema: z.string() } } },
          ...problems(),
        },
      },
    },
    async (request, reply) => {
      const { source } = request.query;
      reply.header('content-disposition', `attachment; filename="import-${source}.csv"`);
      return reply.type('text/csv; charset=utf-8').send(importTemplate(contextOf(request), source));
    },
  );
  app.get(
    '/imports/:importId',
    {
      schema: {
        operationId: 'getImport',
        tags,
        summary: 'Status, progress and totals',
        params: importParamsSchema,
        response: { 200: importSchema, ...problems(404) },
      },
    },
    async (request) => getImport(contextOf(request), request.params.importId),
  );
  app.get(
    '/imports/:importId/rejections',
    {
      schema: {
        operationId: 'listImportRejections',
        tags,
        summary: 'What was refused, one JSON object per line',
        params: importParamsSchema,
        response: {
          200: {
            description: 'NDJSON: one item per line',
            content: { 'application/x-ndjson': { schema: z.array(rejectionSchema) } },
          },
          ...problems(404),
        },
      },
    },
    async (request, reply) => {
      const rejections = await listRejections(contextOf(request), request.params.importId);
      return reply.type('application/x-ndjson').send(ndjsonOf(rejections) as never);
    },
  );
  app.post(
    '/imports/:importId/cancel',
    {
      schema: {
        operationId: 'cancelImport',
        tags,
        summary: 'Stop an import; rows that were applied stay',
        params: importParamsSchema,
        response: { 200: importSchema, ...problems(404, 409, 413, 415) },
      },
    },
    async (request) => cancelImport(contextOf(request), request.params.importId),
  );
};
