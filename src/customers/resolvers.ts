import type { Resolvers } from '../graphql/resolver.ts';
import { contextOfResolver, withoutNulls } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { customerInputSchema } from './schemas.ts';
import { getCustomer, putCustomer } from './service.ts';

export const customerResolvers: Resolvers = {
  Query: {
    customer: async (_, args, context) =>
      (await getCustomer(contextOfResolver(context), parseInput(idSchema, args.customerId, ['customerId']))).customer,
  },
  Mutation: {
    putCustomer: async (_, args, context) => {
      const input = parseInput(customerInputSchema, withoutNulls(args.input));
      return (
        await putCustomer(
          contextOfResolver(context),
          parseInput(idSchema, args.customerId, ['customerId']),
          input,
          null,
        )
      ).customer;
    },
  },
};
