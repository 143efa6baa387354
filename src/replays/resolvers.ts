import { contextOfResolver, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { differingQuerySchema, replaySchema } from './schemas.ts';
import { listDifferingDecisions, replayContactPermission } from './service.ts';

export const replayResolvers: Resolvers = {
  Query: {
    replayContactPermission: async (_, { decisionId, ...args }, context) =>
      replayContactPermission(
        contextOfResolver(context),
        parseInput(idSchema, decisionId, ['decisionId']),
        parseInput(replaySchema, withoutNulls(args)),
      ),
    differingDecisions: async (_, args, context) =>
      listDifferingDecisions(contextOfResolver(context), parseInput(differingQuerySchema, withoutNulls(args))),
  },
};
