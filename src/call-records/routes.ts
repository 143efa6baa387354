import { Readable } from 'node:stream';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { ndjsonOf } from '../http/ndjson.ts';
import { idempotencyHeadersSchema, markReplay } from '../http/rest.ts';
import {
  callRecordRejectionSchema,
  callRecordSchema,
  callRecordUploadSchema,
  uploadListQuerySchema,
  uploadPageSchema,
  uploadParamsSchema,
  uploadQuerySchema,
} from './schemas.ts';
import {
  getCallRecordUpload,
  listCallRecordRejections,
  listCallRecords,
  listCallRecordUploads,
  uploadCallRecords,
} from './service.ts';

const tags = ['Reconciliation'];
const params = uploadParamsSchema;

/** The file itself: handed on as a stream, so it has no shape to check. */
const fileSchema = z.unknown().meta({
  type: 'string',
  description: 'CSV in UTF-8 or GB18030, as the charset says, or NDJSON; a row for each call',
});

const ndjson = (items: z.ZodType) => ({
  description: 'NDJSON: one item per line',
  content: { 'application/x-ndjson': { schema: z.array(items) } },
});

export const callRecordRoutes: FastifyPluginAsyncZod = async (app) => {
  // In a scope of its own: only here is a body not read into memory, and nothing but such files is taken.
  await app.register(async (upload: typeof app) => {
    upload.removeAllContentTypeParsers();
    upload.addContentTypeParser(['text/csv', 'application/x-ndjson'], (_request, payload, done) => done(null, payload));
    upload.post(
      '/call-records',
      {
        schema: {
          operationId: 'uploadCallRecords',
          tags,
          summary: 'Send the call records of a vendor or carrier; they are examined in the background',
          consumes: ['text/csv', 'application/x-ndjson'],
          headers: idempotencyHeadersSchema,
          querystring: uploadQuerySchema,
          body: fileSchema,
          response: { 202: callRecordUploadSchema, ...problems(409, 413, 415, 422) },
        },
      },
      async (request, reply) => {
        const { 'content-type': contentType = '', 'content-length': length } = request.raw.headers;
        const file = {
          contentType,
          length: length === undefined ? null : Number(length),
          body: request.body instanceof Readable ? request.body : Readable.from([]),
          limitBytes: app.importLimitBytes,
        };
        const key = request.headers['idempotency-key'];
        const result = await uploadCallRecords(contextOf(request), request.query, file, key);
        reply.header('location', `/v1/call-records/${result.answer.uploadId}`);
        return markReplay(reply, result).code(202).send(result.answer);
      },
    );
  });
  app.get(
    '/call-records',
    {
      schema: {
        operationId: 'listCallRecordUploads',
        tags,
        summary: 'Uploads of call records, the newest first',
        querystring: uploadListQuerySchema,
        response: { 200: uploadPageSchema, ...problems() },
      },
    },
    async (request) => listCallRecordUploads(contextOf(request), request.query),
  );
  app.get(
    '/call-records/:uploadId',
    {
      schema: {
        operationId: 'getCallRecordUpload',
        tags,
        summary: 'Status, progress and totals of an upload',
        params,
        response: { 200: callRecordUploadSchema, ...problems(404) },
      },
    },
    async (request) => getCallRecordUpload(contextOf(request), request.params.uploadId),
  );
  app.get(
    '/call-records/:uploadId/rejections',
    {
      schema: {
        operationId: 'listCallRecordRejections',
        tags,
        summary: 'What was refused, one JSON object per line',
        params,
        response: { 200: ndjson(callRecordRejectionSchema), ...problems(404) },
      },
    },
    async (request, reply) => {
      const rejections = await listCallRecordRejections(contextOf(request), request.params.uploadId);
      return reply.type('application/x-ndjson').send(ndjsonOf(rejections) as never);
    },
  );
  app.get(
    '/call-records/:uploadId/results',
    {
      schema: {
        operationId: 'listCallRecords',
        tags,
        summary: 'What was found out about each call, one JSON object per line',
        params,
        response: { 200: ndjson(callRecordSchema), ...problems(404) },
      },
    },
    async (request, reply) => {
      const records = await listCallRecords(contextOf(request), request.params.uploadId);
      return reply.type('application/x-ndjson').send(ndjsonOf(records) as never);
    },
  );
};
