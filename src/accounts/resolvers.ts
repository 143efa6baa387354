import type { Resolvers } from '../graphql/resolver.ts';
import { contextOfResolver, withoutNulls } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { accountInputSchema } from './schemas.ts';
import { getAccount, listAccounts, putAccount } from './service.ts';

export const accountResolvers: Resolvers = {
  Query: {
    account: async (_, args, context) =>
      (await getAccount(contextOfResolver(context), parseInput(idSchema, args.accountId, ['accountId']))).account,
    accounts: async (_, args, context) =>
      listAccounts(contextOfResolver(context), parseInput(idSchema, args.customerId, ['customerId'])),
  },
  Mutation: {
    putAccount: async (_, args, context) => {
      const input = parseInput(accountInputSchema, withoutNulls(args.input));
      return (
        await putAccount(contextOfResolver(context), parseInput(idSchema, args.accountId, ['accountId']), input, null)
      ).account;
    },
  },
};
