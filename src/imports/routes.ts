import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { contextOf, instantOfRequest } from '../http/context.ts';
import { problemSchema, problems, resultOf } from '../http/errors.ts';
import { answerNdjson, ndjsonOf, takeNdjson } from '../http/ndjson.ts';
import { idempotencyHeadersSchema, markReplay, validateWith } from '../http/rest.ts';
import { cancelImport, pauseImport, releaseImport, resumeImport } from './life.ts';
import { resubmitRow, resubmitRows } from './resubmit.ts';
import { listRejections, listRows, type Report } from './rows.ts';
import {
  importPageSchema,
  importParamsSchema,
  importRowSchema,
  importSchema,
  listQuerySchema,
  rejectionSchema,
  rejectionsQuerySchema,
  releaseSchema,
  resubmissionLineSchema,
  resubmissionSchema,
  rowParamsSchema,
  rowsQuerySchema,
  type TableFormat,
  templateQuerySchema,
  uploadQuerySchema,
} from './schemas.ts';
import { createImport, getImport, listImports } from './service.ts';
import { importTemplate } from './sources/service.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Largest file of an import. */
    importLimitBytes: number;
  }
}

const tags = ['Imports'];

/** The file itself: handed on as a stream, so it has no shape to check. */
const fileSchema = z.unknown().meta({ type: 'string', description: 'CSV in UTF-8 or GB18030, as the charset says' });

const uploadRoute: FastifyPluginAsyncZod = async (app) => {
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
          summary: 'Send a file of accounts, payments or statements; the work goes on in the background',
          description:
            'With `dryRun=true` everything is read and reported as it would be, and nothing is changed. Without a charset in the Content-Type it is told from the beginning of the file.',
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
};

const reportFormats = (items: z.ZodType, what: string) => ({
  description: `NDJSON, ${what}; or the same as a table for a spreadsheet, where a cell that begins like a formula has a quote before it`,
  content: {
    'application/x-ndjson': { schema: z.array(items) },
    'text/csv': { schema: z.string() },
  },
});

/** A report as its reader wants it. */
function sendReport(
  request: FastifyRequest,
  reply: FastifyReply,
  report: Report<unknown>,
  format?: TableFormat,
): never {
  const wantsCsv = format === undefined ? /\btext\/csv\b/i.test(request.headers.accept ?? '') : format === 'csv';
  return (
    wantsCsv
      ? reply.type('text/csv; charset=utf-8').send(Readable.from(report.csv()))
      : reply.type('application/x-ndjson').send(ndjsonOf(report.values))
  ) as never;
}

const resubmissionAnswerSchema = z.union([
  importRowSchema
    .extend({ line: z.int(), status: z.literal(200) })
    .meta({ id: 'ImportResubmissionResult', description: 'The row as it is now' }),
  z
    .object({ line: z.int(), status: z.int(), problem: problemSchema })
    .meta({ id: 'ImportResubmissionProblem', description: 'Why the row is what it was' }),
]);

const bulkResubmissionRoute: FastifyPluginAsyncZod = async (app) => {
  takeNdjson(app);
  app.post(
    '/imports/:importId/resubmissions',
    {
      schema: {
        operationId: 'resubmitImportRows',
        tags,
        summary: 'Correct many quarantined rows, one per line, and apply them',
        consumes: ['application/x-ndjson'],
        params: importParamsSchema,
        body: z.array(resubmissionLineSchema),
        response: {
          200: {
            description: 'NDJSON: one line for each line, in their order',
            content: { 'application/x-ndjson': { schema: z.array(resubmissionAnswerSchema) } },
          },
          ...problems(404, 413, 415),
        },
      },
      validatorCompiler: validateWith({ body: z.unknown() }),
    },
    async (request, reply) =>
      answerNdjson(request, reply, (body, stop) =>
        resubmitRows(contextOf(request), {
          importId: request.params.importId,
          body,
          stop,
          contextOfGroup: () => ({ ...contextOf(request), now: instantOfRequest(request) }),
          write: (line, result) => resultOf({ line }, result, request.id),
        }),
      ) as never,
  );
};

const reportRoutes: FastifyPluginAsyncZod = async (app) => {
  app.get(
    '/imports/:importId/rejections',
    {
      schema: {
        operationId: 'listImportRejections',
        tags,
        summary: 'What is refused, cell by cell',
        params: importParamsSchema,
        querystring: rejectionsQuerySchema,
        response: { 200: reportFormats(rejectionSchema, 'a line for each cell'), ...problems(404) },
      },
    },
    async (request, reply) => {
      const report = await listRejections(contextOf(request), request.params.importId);
      return sendReport(request, reply, report, request.query.format);
    },
  );
  app.get(
    '/imports/:importId/rows',
    {
      schema: {
        operationId: 'listImportRows',
        tags,
        summary: 'What became of the rows that were not simply applied',
        params: importParamsSchema,
        querystring: rowsQuerySchema,
        response: { 200: reportFormats(importRowSchema, 'a line for each row'), ...problems(404) },
      },
    },
    async (request, reply) => {
      const { outcome, format } = request.query;
      const report = await listRows(contextOf(request), request.params.importId, outcome ?? null);
      return sendReport(request, reply, report, format);
    },
  );
  app.post(
    '/imports/:importId/rows/:row/resubmission',
    {
      schema: {
        operationId: 'resubmitImportRow',
        tags,
        summary: 'Correct a quarantined row and apply it',
        params: rowParamsSchema,
        headers: idempotencyHeadersSchema,
        body: resubmissionSchema,
        response: { 200: importRowSchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { importId, row } = request.params;
      const key = request.headers['idempotency-key'];
      const result = await resubmitRow(contextOf(request), importId, row, request.body.cells, key);
      return markReplay(reply, result).send(result.answer);
    },
  );
};

const STEPS = [
  ['cancel', 'cancelImport', 'Stop an import; rows that were applied stay', cancelImport],
  ['pause', 'pauseImport', 'Let an import rest after the batch in hand', pauseImport],
  ['resume', 'resumeImport', 'Let a paused import go on where it was', resumeImport],
] as const;

const lifeRoutes: FastifyPluginAsyncZod = async (app) => {
  for (const [step, operationId, summary, take] of STEPS) {
    app.post(
      `/imports/:importId/${step}`,
      {
        schema: {
          operationId,
          tags,
          summary,
          params: importParamsSchema,
          response: { 200: importSchema, ...problems(404, 409, 413, 415) },
        },
      },
      async (request) => take(contextOf(request), request.params.importId),
    );
  }
  app.post(
    '/imports/:importId/release',
    {
      schema: {
        operationId: 'releaseImport',
        tags,
        summary: 'Let a held import go on although its control sums do not match',
        params: importParamsSchema,
        body: releaseSchema,
        response: { 200: importSchema, ...problems(404, 409, 413, 415) },
      },
    },
    async (request) => releaseImport(contextOf(request), request.params.importId, request.body.reason),
  );
};

export const importRoutes: FastifyPluginAsyncZod = async (app) => {
  await app.register(uploadRoute);
  await app.register(reportRoutes);
  await app.register(bulkResubmissionRoute);
  await app.register(lifeRoutes);
  app.get(
    '/imports',
    {
      schema: {
        operationId: 'listImports',
        tags,
        summary: 'The newest imports first',
        querystring: listQuerySchema,
        response: { 200: importPageSchema, ...problems() },
      },
    },
    async (request) => listImports(contextOf(request), request.query),
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
          ...problems(422),
        },
      },
    },
    async (request, reply) => {
      const { source } = request.query;
      reply.header('content-disposition', `attachment; filename="import-${source}.csv"`);
      return reply.type('text/csv; charset=utf-8').send(await importTemplate(contextOf(request), source));
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
};
