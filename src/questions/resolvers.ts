import { contextOfResolver, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { parseInput } from '../validation.ts';
import { contactBudget } from './budget.ts';
import { explainContact } from './explain.ts';
import { budgetRequestSchema, questionSchema, simulationSchema } from './schemas.ts';
import { simulateContact } from './simulate.ts';

export const questionResolvers: Resolvers = {
  Query: {
    simulateContact: async (_, args, context) =>
      simulateContact(contextOfResolver(context), parseInput(simulationSchema, withoutNulls(args.input))),
    explainContact: async (_, args, context) =>
      explainContact(contextOfResolver(context), parseInput(questionSchema, withoutNulls(args.input))),
    contactBudget: async (_, args, context) =>
      contactBudget(contextOfResolver(context), parseInput(budgetRequestSchema, withoutNulls(args.input))),
  },
};
