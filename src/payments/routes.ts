import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { idSchema } from '../validation.ts';
import { calculateInterest, calculatePenalty } from './calculators.ts';
import { recordCharge, recordRateChange } from './charges.ts';
import { getDelinquencyHistory, getLedger, getPayment, listPayments } from './reads.ts';
import {
  bucketMovePageSchema,
  chargeSchema,
  customerPaymentSchema,
  interestCalculationInputSchema,
  interestCalculationSchema,
  ledgerQuerySchema,
  ledgerSchema,
  newChargeSchema,
  newCustomerPaymentSchema,
  newPaymentSchema,
  newRateChangeSchema,
  paymentAnswerSchema,
  paymentListQuerySchema,
  paymentPageSchema,
  paymentParamsSchema,
  penaltyCalculationInputSchema,
  penaltyCalculationSchema,
  rateChangeSchema,
  reversalSchema,
} from './schemas.ts';
import { recordCustomerPayment, recordPayment, reversePayment } from './service.ts';

const tags = ['Payments'];
const params = z.strictObject({ accountId: idSchema });
const recorded = problems(404, 409, 413, 415, 422);

export const paymentRoutes: FastifyPluginAsyncZod = async (app) => {
  await app.register(writingRoutes);
  await app.register(readingRoutes);
  await app.register(calculatorRoutes);
};

const writingRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    '/accounts/:accountId/payments',
    {
      schema: {
        operationId: 'recordPayment',
        tags,
        summary: 'Record a payment, also a late one: what followed it is computed anew',
        params,
        body: newPaymentSchema,
        response: { 200: paymentAnswerSchema, 201: paymentAnswerSchema, ...recorded },
      },
    },
    async (request, reply) => {
      const { answer, created } = await recordPayment(contextOf(request), request.params.accountId, request.body);
      return reply.code(created ? 201 : 200).send(answer);
    },
  );
  app.post(
    '/accounts/:accountId/payments/:paymentId/reversal',
    {
      schema: {
        operationId: 'reversePayment',
        tags,
        summary: 'Take a payment back: as if it never was, or charged back from a day on',
        description: 'The body may be left out.',
        params: paymentParamsSchema,
        body: reversalSchema,
        response: { 200: paymentAnswerSchema, ...recorded },
      },
      preValidation: async (request) => {
        if (request.headers['content-type'] === undefined) request.body = reversalSchema.parse({});
      },
    },
    async (request) => {
      const { accountId, paymentId } = request.params;
      return reversePayment(contextOf(request), accountId, paymentId, request.body);
    },
  );
  app.post(
    '/customers/:customerId/payments',
    {
      schema: {
        operationId: 'recordCustomerPayment',
        tags,
        summary: 'Record one payment for several accounts, spread in the order of the policy',
        params: z.strictObject({ customerId: idSchema }),
        body: newCustomerPaymentSchema,
        response: { 200: customerPaymentSchema, 201: customerPaymentSchema, ...recorded },
      },
    },
    async (request, reply) => {
      const { customerId } = request.params;
      const { answer, created } = await recordCustomerPayment(contextOf(request), customerId, request.body);
      return reply.code(created ? 201 : 200).send(answer);
    },
  );
  app.post(
    '/accounts/:accountId/charges',
    {
      schema: {
        operationId: 'recordCharge',
        tags,
        summary: 'Record a purchase, a fee, an adjustment or a waiver',
        params,
        body: newChargeSchema,
        response: { 200: chargeSchema, 201: chargeSchema, ...recorded },
      },
    },
    async (request, reply) => {
      const { answer, created } = await recordCharge(contextOf(request), request.params.accountId, request.body);
      return reply.code(created ? 201 : 200).send(answer);
    },
  );
  app.post(
    '/accounts/:accountId/rate-changes',
    {
      schema: {
        operationId: 'recordRateChange',
        tags,
        summary: 'Record the rate of an account from a day on',
        params,
        body: newRateChangeSchema,
        response: { 200: rateChangeSchema, 201: rateChangeSchema, ...problems(404, 409, 413, 415) },
      },
    },
    async (request, reply) => {
      const { answer, created } = await recordRateChange(contextOf(request), request.params.accountId, request.body);
      return reply.code(created ? 201 : 200).send(answer);
    },
  );
};

const readingRoutes: FastifyPluginAsyncZod = async (app) => {
  app.get(
    '/accounts/:accountId/payments',
    {
      schema: {
        operationId: 'listPayments',
        tags,
        summary: 'The payments of an account with what they paid',
        params,
        querystring: paymentListQuerySchema,
        response: { 200: paymentPageSchema, ...problems(404) },
      },
    },
    async (request) => listPayments(contextOf(request), request.params.accountId, request.query),
  );
  app.get(
    '/accounts/:accountId/payments/:paymentId',
    {
      schema: {
        operationId: 'getPayment',
        tags,
        summary: 'One payment with what it paid',
        params: paymentParamsSchema,
        response: { 200: paymentAnswerSchema, ...problems(404) },
      },
    },
    async (request) => getPayment(contextOf(request), request.params.accountId, request.params.paymentId),
  );
  app.get(
    '/accounts/:accountId/ledger',
    {
      schema: {
        operationId: 'getAccountLedger',
        tags,
        summary: 'The ledger of an account at the end of a day: opening, postings, components, minimum payments',
        params,
        querystring: ledgerQuerySchema,
        response: { 200: ledgerSchema, ...problems(404, 422) },
      },
    },
    async (request) => getLedger(contextOf(request), request.params.accountId, request.query.on),
  );
  app.get(
    '/accounts/:accountId/delinquency-history',
    {
      schema: {
        operationId: 'getDelinquencyHistory',
        tags,
        summary: 'Every move of an account between buckets, with its day and cause',
        params,
        querystring: paymentListQuerySchema,
        response: { 200: bucketMovePageSchema, ...problems(404) },
      },
    },
    async (request) => getDelinquencyHistory(contextOf(request), request.params.accountId, request.query),
  );
};

const calculatorRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    '/interest-calculations',
    {
      schema: {
        operationId: 'calculateInterest',
        tags,
        summary: 'Daily interest of balances that stood for some days',
        body: interestCalculationInputSchema,
        response: { 200: interestCalculationSchema, ...problems(413, 415, 422) },
      },
    },
    async (request) => calculateInterest(contextOf(request), request.body),
  );
  app.post(
    '/penalty-calculations',
    {
      schema: {
        operationId: 'calculatePenalty',
        tags,
        summary: 'The penalty of one missed minimum payment',
        body: penaltyCalculationInputSchema,
        response: { 200: penaltyCalculationSchema, ...problems(413, 415, 422) },
      },
    },
    async (request) => calculatePenalty(contextOf(request), request.body),
  );
};
