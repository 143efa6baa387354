import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { permissionAnswerSchema } from '../contact/schemas.ts';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { contactBudget } from './budget.ts';
import { explainContact } from './explain.ts';
import {
  budgetAnswerSchema,
  budgetRequestSchema,
  explanationSchema,
  questionSchema,
  simulationSchema,
} from './schemas.ts';
import { simulateContact } from './simulate.ts';

const tags = ['Contact permission'];

export const questionRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    '/contact-permissions/simulate',
    {
      schema: {
        operationId: 'simulateContact',
        tags,
        summary: 'What would a check answer, were these facts on file? Nothing is stored',
        body: simulationSchema,
        response: { 200: permissionAnswerSchema, ...problems(404, 413, 415, 422) },
      },
    },
    async (request) => simulateContact(contextOf(request), request.body),
  );
  app.post(
    '/contact-permissions/explain',
    {
      schema: {
        operationId: 'explainContact',
        tags,
        summary: 'A check, and which single fact would turn its refusal into a permission',
        body: questionSchema,
        response: { 200: explanationSchema, ...problems(404, 413, 415, 422) },
      },
    },
    async (request) => explainContact(contextOf(request), request.body),
  );
  app.post(
    '/contact-budgets',
    {
      schema: {
        operationId: 'contactBudget',
        tags,
        summary: 'What is left of every cap, when it returns, and when the next contacts fit',
        body: budgetRequestSchema,
        response: { 200: budgetAnswerSchema, ...problems(404, 413, 415, 422) },
      },
    },
    async (request) => contactBudget(contextOf(request), request.body),
  );
};
