import { contextOfResolver, type Resolvers, withoutNulls } from '../../graphql/resolver.ts';
import { idSchema, parseInput } from '../../validation.ts';
import { importSourceInputSchema } from './schemas.ts';
import { getImportSource, listImportSources, putImportSource } from './service.ts';

export const importSourceResolvers: Resolvers = {
  Query: {
    importSource: async (_, args, context) =>
      getImportSource(contextOfResolver(context), parseInput(idSchema, args.source, ['source'])),
    importSources: async (_, __, context) => listImportSources(contextOfResolver(context)),
  },
  Mutation: {
    putImportSource: async (_, args, context) => {
      const source = parseInput(idSchema, args.source, ['source']);
      const input = parseInput(importSourceInputSchema, withoutNulls(args.input));
      return (await putImportSource(contextOfResolver(context), source, input, null)).source;
    },
  },
};
