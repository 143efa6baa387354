import type { Resolvers } from '../graphql/resolver.ts';
import { contextOfResolver, withoutNulls } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { customerInputSchema, customerSearchSchema } from './schemas.ts';
import { searchCustomers } from './search.ts';
import { getCustomer, putCustomer } from './service.ts';

export const customerResolvers: Resolvers = {
  Query: {
    customer: async (_, args, context) =>
      (await getCustomer(contextOfResolver(context), parseInput(idSchema, args.customerId, ['customerId']))).customer,
    searchCustomers: async (_, args, context) =>
      searchCustomers(contextOfResolver(context), parseInput(customerSearchSchema, withoutNulls(args.input))),
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
