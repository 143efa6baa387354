import { answerOf, contextOfResolver, idempotencyKeyOf, type Resolvers } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { cancelImport, pauseImport, releaseImport, resumeImport } from './life.ts';
import { resubmitRow } from './resubmit.ts';
import { listQuerySchema, releaseSchema, resubmissionSchema, rowParamsSchema } from './schemas.ts';
import { getImport, listImports } from './service.ts';

const idOf = (args: Readonly<Record<string, unknown>>) => parseInput(idSchema, args.importId, ['importId']);

/** Everything but the files and the reports on their rows, which are streams. */
export const importResolvers: Resolvers = {
  Query: {
    import: async (_, args, context) => getImport(contextOfResolver(context), idOf(args)),
    imports: async (_, args, context) => {
      const { status, source, limit, cursor } = args;
      const query = {
        status: status ?? undefined,
        source: source ?? undefined,
        limit: limit ?? undefined,
        cursor: cursor ?? undefined,
      };
      return listImports(contextOfResolver(context), parseInput(listQuerySchema, query));
    },
  },
  Mutation: {
    cancelImport: async (_, args, context) => cancelImport(contextOfResolver(context), idOf(args)),
    pauseImport: async (_, args, context) => pauseImport(contextOfResolver(context), idOf(args)),
    resumeImport: async (_, args, context) => resumeImport(contextOfResolver(context), idOf(args)),
    releaseImport: async (_, args, context) => {
      const { reason } = parseInput(releaseSchema, { reason: args.reason });
      return releaseImport(contextOfResolver(context), idOf(args), reason);
    },
    resubmitImportRow: async (_, args, context) => {
      const { importId, row } = parseInput(rowParamsSchema, { importId: args.importId, row: args.row });
      const { cells } = parseInput(resubmissionSchema, { cells: args.cells });
      const result = await resubmitRow(contextOfResolver(context), importId, row, cells, idempotencyKeyOf(context));
      return answerOf(context, result);
    },
  },
};
