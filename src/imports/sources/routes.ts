import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { contextOf } from '../../http/context.ts';
import { problems } from '../../http/errors.ts';
import { etagOf, preconditionHeadersSchema, versionOf } from '../../http/rest.ts';
import { importSourceInputSchema, importSourceListSchema, importSourceSchema, sourceParamsSchema } from './schemas.ts';
import { getImportSource, listImportSources, putImportSource } from './service.ts';

const tags = ['Imports'];

export const importSourceRoutes: FastifyPluginAsyncZod = async (app) => {
  app.get(
    '/import-sources',
    {
      schema: {
        operationId: 'listImportSources',
        tags,
        summary: 'How the files of every source are read',
        response: { 200: importSourceListSchema, ...problems() },
      },
    },
    async (request) => ({ items: await listImportSources(contextOf(request)) }),
  );
  app.get(
    '/import-sources/:source',
    {
      schema: {
        operationId: 'getImportSource',
        tags,
        summary: 'How the files of a source are read',
        params: sourceParamsSchema,
        response: { 200: importSourceSchema, ...problems(404) },
      },
    },
    async (request, reply) => {
      const source = await getImportSource(contextOf(request), request.params.source);
      return reply.header('etag', etagOf(source.version)).send(source);
    },
  );
  app.put(
    '/import-sources/:source',
    {
      schema: {
        operationId: 'putImportSource',
        tags,
        summary: 'Say how the files of a source are read from now on; a change is a new version',
        params: sourceParamsSchema,
        headers: preconditionHeadersSchema,
        body: importSourceInputSchema,
        response: { 200: importSourceSchema, 201: importSourceSchema, ...problems(412, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const expected = versionOf(request.headers['if-match']);
      const result = await putImportSource(contextOf(request), request.params.source, request.body, expected);
      return reply
        .code(result.created ? 201 : 200)
        .header('etag', etagOf(result.source.version))
        .send(result.source);
    },
  );
};
