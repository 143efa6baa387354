import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { attemptSchema } from '../attempts/schemas.ts';
import { permissionAnswerSchema } from '../contact/schemas.ts';
import { PLATFORMS, type Platform } from '../dialers/schemas.ts';
import { contextOf } from '../http/context.ts';
import { problems, problemsIn } from '../http/errors.ts';
import { acceptForms } from '../http/form.ts';
import { connectEventSchema, connectResultSchema, recordsOf, resultOf } from './amazon-connect.ts';
import {
  asteriskAnswer,
  asteriskProblem,
  decisionInAnyFormat,
  freeswitchProblem,
  nested,
  ocsProblem,
  PROBLEM_FORMATS,
} from './answers.ts';
import { dialplanOf } from './freeswitch.ts';
import {
  eventQuerySchema,
  formatSourceQuerySchema,
  invalidNumberSchema,
  sourceQuerySchema,
  tokenQuerySchema,
  vendorRecordSchema,
} from './schemas.ts';
import { askForDialer, askForRecords, reportEvent, reportForDialer } from './service.ts';

const tags = ['Adapters'];

/** The dialer that calls, as far as the request says. */
function sourceOf(request: FastifyRequest, platform: Platform) {
  const { dialerId } = request.query as { dialerId?: string };
  return { platform, dialerId, address: request.ip };
}

/** Vendors' shapes of the same operations: each route translates, asks and answers. */
export const adapterRoutes: FastifyPluginAsyncZod = async (app) => {
  await app.register(async (adapters: typeof app) => {
    acceptForms(adapters, nested);
    await adapters.register(preDialRoutes);
    await adapters.register(reportRoutes);
  });
};

const preDialRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    '/adapters/genesys-ocs',
    {
      schema: {
        operationId: 'validateForGenesysOcs',
        tags,
        summary: 'Genesys OCS pre-dial validation: 200 dial, 409 do not; the slot is taken',
        security: [{ apiKey: [] }, { basic: [] }, { urlToken: [] }],
        querystring: tokenQuerySchema,
        body: vendorRecordSchema,
        response: {
          200: permissionAnswerSchema.describe('Dial'),
          ...problems(404, 413, 415, 422),
          409: z.union([permissionAnswerSchema, invalidNumberSchema]).describe('Do not dial: why, and until when'),
        },
      },
      config: { formBody: vendorRecordSchema, problemAs: ocsProblem, tokenRoute: 'pre-dial' },
      serializerCompiler: () => JSON.stringify,
    },
    async (request, reply) => {
      const { answer } = await askForDialer(contextOf(request), sourceOf(request, 'genesys-ocs'), request.body);
      return reply.code(answer.permitted ? 200 : 409).send(answer);
    },
  );
  app.post(
    '/adapters/asterisk',
    {
      schema: {
        operationId: 'requestForAsterisk',
        tags,
        summary: 'CURL() of Asterisk: a form in, pairs for HASH() out; the slot is taken',
        querystring: formatSourceQuerySchema,
        body: vendorRecordSchema,
        response: { 200: decisionInAnyFormat, ...problemsIn(PROBLEM_FORMATS, 404, 413, 415, 422) },
      },
      config: { formBody: vendorRecordSchema, problemAs: asteriskProblem },
      serializerCompiler: () => JSON.stringify,
    },
    async (request, reply) => {
      const { answer } = await askForDialer(contextOf(request), sourceOf(request, 'asterisk'), request.body);
      const written = asteriskAnswer(request, answer);
      return written === null ? reply.send(answer) : reply.type(written.type).send(written.text);
    },
  );
  app.post(
    '/adapters/freeswitch/dialplan',
    {
      schema: {
        operationId: 'getFreeswitchDialplan',
        tags,
        summary: 'The dialplan for mod_xml_curl: goes on where permitted, else hangs up; the slot is taken',
        description:
          'Always 200 with a dialplan that has an action, for a problem too (`contact_error` has its code): at any other answer FreeSWITCH goes on with the dialplan on its disk.',
        querystring: sourceQuerySchema,
        body: vendorRecordSchema,
        response: { 200: { description: 'A dialplan', content: { 'text/xml': { schema: z.string() } } } },
      },
      config: { formBody: vendorRecordSchema, problemAs: freeswitchProblem },
    },
    async (request, reply) => {
      const { answer, dialer } = await askForDialer(contextOf(request), sourceOf(request, 'freeswitch'), request.body);
      return reply.type('text/xml; charset=utf-8').send(dialplanOf(dialer, request.body, answer));
    },
  );
  app.post(
    '/adapters/amazon-connect',
    {
      schema: {
        operationId: 'requestForAmazonConnect',
        tags,
        summary: 'Amazon Connect: a journey action with its profiles, or a flow event; the slots are taken',
        querystring: sourceQuerySchema,
        body: connectEventSchema,
        response: { 200: connectResultSchema, ...problems(404, 413, 415, 422) },
      },
    },
    async (request) => {
      const event = request.body;
      const source = sourceOf(request, 'amazon-connect');
      return resultOf(event, await askForRecords(contextOf(request), source, recordsOf(event)));
    },
  );
};

const reportRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    '/adapters/:platform/call-reports',
    {
      schema: {
        operationId: 'reportCall',
        tags,
        summary: 'What a dialer says of a call: first and last, twice, in any order',
        security: [{ apiKey: [] }, { basic: [] }, { urlToken: [] }],
        params: z.strictObject({ platform: z.enum(PLATFORMS) }),
        querystring: tokenQuerySchema,
        body: vendorRecordSchema,
        response: { 200: attemptSchema, ...problems(404, 409, 413, 415, 422) },
      },
      config: { formBody: vendorRecordSchema, tokenRoute: 'call-reports' },
    },
    async (request) => reportForDialer(contextOf(request), sourceOf(request, request.params.platform), request.body),
  );
  app.get(
    '/adapters/vicidial/events',
    {
      schema: {
        operationId: 'reportVicidialEvent',
        tags,
        summary: 'Start Call, Dispo Call and No Agent Call URLs of VICIdial: ids and codes, never a number',
        security: [{ apiKey: [] }, { basic: [] }, { urlToken: [] }],
        querystring: eventQuerySchema,
        response: { 200: attemptSchema, ...problems(404, 409, 422) },
      },
      config: { tokenRoute: 'events' },
      exposeHeadRoute: false,
    },
    async (request) => {
      const { dialerId: _, token: __, ...event } = request.query;
      return reportEvent(contextOf(request), sourceOf(request, 'vicidial'), event);
    },
  );
};
