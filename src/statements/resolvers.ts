import { contextOfResolver, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { dateSchema, idSchema, parseInput } from '../validation.ts';
import { statementInputSchema, statementQuerySchema } from './schemas.ts';
import { listStatements, putStatement } from './service.ts';

export const statementResolvers: Resolvers = {
  Query: {
    statements: async (_, { accountId, ...query }, context) =>
      listStatements(
        contextOfResolver(context),
        parseInput(idSchema, accountId, ['accountId']),
        parseInput(statementQuerySchema, withoutNulls(query)),
      ),
  },
  Mutation: {
    putStatement: async (_, args, context) =>
      (
        await putStatement(
          contextOfResolver(context),
          parseInput(idSchema, args.accountId, ['accountId']),
          parseInput(dateSchema, args.statementOn, ['statementOn']),
          parseInput(statementInputSchema, withoutNulls(args.input)),
          null,
        )
      ).statement,
  },
};
