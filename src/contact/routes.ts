import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { contextOf, instantOfRequest } from '../http/context.ts';
import { type Problem, problemSchema, problems, problemsIn, resultOf } from '../http/errors.ts';
import { acceptForms } from '../http/form.ts';
import { answerNdjson, takeNdjson } from '../http/ndjson.ts';
import { validateWith } from '../http/rest.ts';
import { idSchema } from '../validation.ts';
import { requestPermissions } from './batch.ts';
import {
  decisionInAnyFormat,
  nested,
  PROBLEM_FORMATS,
  permissionFormSchema,
  permissionQuerySchema,
  requestedFormat,
  writeAnswer,
  writeProblem,
} from './formats.ts';
import {
  batchItemsSchema,
  formatQuerySchema,
  MAX_BATCH_BYTES,
  type PermissionAnswer,
  permissionAnswerSchema,
  permissionBatchSchema,
  permissionRequestSchema,
  recordedDecisionSchema,
  releaseSchema,
  reservationSchema,
  streamQuerySchema,
} from './schemas.ts';
import { getDecision, getReservation, releaseReservation, requestPermission } from './service.ts';
import { streamPermissions } from './stream.ts';

const tags = ['Contact permission'];

/** Answers and problems in one list: the answer flat, or `problem`. */
const resultFields = {
  status: z.int().describe('200, or the status that the single call would have'),
  problem: problemSchema.optional(),
};
const countFields = { permitted: z.int(), refused: z.int(), problems: z.int() };

const batchAnswerSchema = z
  .object({
    results: z.array(
      permissionAnswerSchema
        .partial()
        .extend({ index: z.int().describe('Position of the item, from 0'), ...resultFields })
        .meta({ id: 'PermissionResult' }),
    ),
    summary: z.object({ items: z.int(), ...countFields }),
  })
  .meta({ id: 'PermissionBatchAnswer' });

const streamLineSchema = z.union([
  permissionAnswerSchema
    .partial()
    .extend({ line: z.int().describe('Number of the line, from 1; blank lines count'), ...resultFields })
    .meta({ id: 'PermissionLine' }),
  z
    .object({
      summary: z.object({
        lines: z.int().describe('Lines that were answered'),
        ...countFields,
        complete: z.boolean().describe('False: the stream was cut off, and lines behind the last one have no answer'),
      }),
    })
    .meta({ id: 'PermissionStreamEnd', description: 'The last line; without it the stream was cut off' }),
]);

const DESCRIPTION =
  'Always 200 for a decision, allow or deny. Anything that is not 2xx means: do not contact. `?format=`, else Accept, chooses how it is written. json: in full. text: one line, `ALLOW`, `ALLOW <reservationId>`, `DENY <reasonCode>` or `DENY <reasonCode> <nextPermittedAt>`; a problem is `ERROR <code>`. form: the fields of depth 1 as pairs, booleans 1 and 0, null empty. strings: the same as a JSON object of strings. In text and form a number that is none is `DENY INVALID_CONTACT_POINT`.';

function problemAs(problem: Problem, request: FastifyRequest) {
  return writeProblem(requestedFormat(request), problem);
}

function sendAnswer(request: FastifyRequest, reply: FastifyReply, answer: PermissionAnswer): FastifyReply {
  const written = writeAnswer(requestedFormat(request), answer);
  reply.header('vary', 'accept, accept-language');
  return written === null ? reply.send(answer) : reply.type(written.type).send(written.text);
}

export const contactRoutes: FastifyPluginAsyncZod = async (app) => {
  // In a scope of its own: dialers that know no JSON send forms here and on no other route.
  await app.register(async (dialers: typeof app) => {
    acceptForms(dialers, nested);
    dialers.post(
      '/contact-permissions',
      {
        schema: {
          operationId: 'requestContactPermission',
          tags,
          summary: 'May this person be contacted? Takes the slot in mode reserve',
          description: DESCRIPTION,
          querystring: formatQuerySchema,
          body: permissionRequestSchema,
          response: { 200: decisionInAnyFormat, ...problemsIn(PROBLEM_FORMATS, 404, 413, 415, 422) },
        },
        config: { formBody: permissionFormSchema, problemAs },
        // Thousands a second: the answer is written as it was built; tests compare every one with the schema.
        serializerCompiler: () => JSON.stringify,
      },
      async (request, reply) => sendAnswer(request, reply, await requestPermission(contextOf(request), request.body)),
    );
  });
  app.get(
    '/contact-permissions',
    {
      schema: {
        operationId: 'requestContactPermissionByQuery',
        tags,
        summary: 'The same for dialers that know only GET: ids alone, and a reservation needs a requestId',
        description: DESCRIPTION,
        querystring: permissionQuerySchema,
        response: { 200: decisionInAnyFormat, ...problemsIn(PROBLEM_FORMATS, 404, 422) },
      },
      config: { problemAs },
      // A HEAD would take the slot and show nothing.
      exposeHeadRoute: false,
      serializerCompiler: () => JSON.stringify,
    },
    async (request, reply) => sendAnswer(request, reply, await requestPermission(contextOf(request), request.query)),
  );
  app.post(
    '/contact-permissions/batch',
    {
      bodyLimit: MAX_BATCH_BYTES,
      schema: {
        operationId: 'requestContactPermissions',
        tags,
        summary: 'Up to 1,000 questions at once, answered in their order',
        description:
          'As if they were asked one after the other: what an item reserves, a later one sees. What is wrong with an item is its own result.',
        body: permissionBatchSchema,
        response: { 200: batchAnswerSchema, ...problems(413, 415) },
      },
      validatorCompiler: validateWith({ body: batchItemsSchema }),
      serializerCompiler: () => JSON.stringify,
    },
    async (request) => {
      const { results, summary } = await requestPermissions(contextOf(request), request.body.items);
      return { results: results.map((result, index) => resultOf({ index }, result, request.id)), summary };
    },
  );
  await app.register(streamRoute);
  app.get(
    '/contact-permissions/:decisionId',
    {
      schema: {
        operationId: 'getContactPermission',
        tags,
        summary: 'A recorded decision, with the facts it saw',
        params: z.strictObject({ decisionId: idSchema }),
        response: { 200: recordedDecisionSchema, ...problems(404) },
      },
    },
    async (request) => getDecision(contextOf(request), request.params.decisionId),
  );
  app.get(
    '/reservations/:reservationId',
    {
      schema: {
        operationId: 'getReservation',
        tags,
        summary: 'A slot that was taken',
        params: z.strictObject({ reservationId: idSchema }),
        response: { 200: reservationSchema, ...problems(404) },
      },
    },
    async (request) => getReservation(contextOf(request), request.params.reservationId),
  );
  app.post(
    '/reservations/:reservationId/release',
    {
      schema: {
        operationId: 'releaseReservation',
        tags,
        summary: 'Give a slot back: the contact did not happen',
        params: z.strictObject({ reservationId: idSchema }),
        body: releaseSchema,
        response: { 200: reservationSchema, ...problems(404, 409, 413, 415) },
      },
    },
    async (request) => releaseReservation(contextOf(request), request.params.reservationId, request.body.reason),
  );
};

const streamRoute: FastifyPluginAsyncZod = async (app) => {
  takeNdjson(app);
  app.post(
    '/contact-permissions/stream',
    {
      schema: {
        operationId: 'streamContactPermissions',
        tags,
        summary: 'Questions without number, one JSON object a line, answered line by line',
        description:
          'Read the answers while you send: the service reads no faster than you do. Each line is answered as of the moment it is read; the answer to a check is advice until `validUntil`. The last line has `summary`: without it, or with `complete: false`, the stream was cut off, and lines behind the last one have no answer.',
        consumes: ['application/x-ndjson'],
        querystring: streamQuerySchema,
        body: z.array(permissionRequestSchema).describe('NDJSON: one question per line of at most 16,384 bytes'),
        response: {
          200: {
            description: 'NDJSON: one line per line, and the summary',
            content: { 'application/x-ndjson': { schema: z.array(streamLineSchema) } },
          },
          ...problems(413, 415),
        },
      },
      validatorCompiler: validateWith({ body: z.unknown() }),
    },
    async (request, reply) =>
      answerNdjson(request, reply, (body, stop) =>
        streamPermissions(contextOf(request), {
          body,
          stop,
          fields: request.query.fields,
          contextOfGroup: () => ({ ...contextOf(request), now: instantOfRequest(request) }),
          write: (line, result) => resultOf({ line }, result, request.id),
        }),
      ) as never,
  );
};
