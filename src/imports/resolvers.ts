import type { Resolvers } from '../graphql/resolver.ts';
import { contextOfResolver } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { listQuerySchema } from './schemas.ts';
import { cancelImport, getImport, listImports } from './service.ts';

/** Reading and cancelling only: files are sent over REST. */
export const importResolvers: Resolvers = {
  Query: {
    import: async (_, args, context) =>
      getImport(contextOfResolver(context), parseInput(idSchema, args.importId, ['importId'])),
    imports: async (_, args, context) =>
      listImports(contextOfResolver(context), parseInput(listQuerySchema, { limit: args.limit ?? undefined }).limit),
  },
  Mutation: {
    cancelImport: async (_, args, context) =>
      cancelImport(contextOfResolver(context), parseInput(idSchema, args.importId, ['importId'])),
  },
};
