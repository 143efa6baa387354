import { contextOfResolver, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { caseEntryQuerySchema, endCaseEntrySchema, newCaseEntrySchema } from './schemas.ts';
import { endCaseEntry, getCaseEntry, listCaseEntries, recordCaseEntry } from './service.ts';

type Args = Readonly<Record<string, unknown>>;
const customerIdOf = (args: Args) => parseInput(idSchema, args.customerId, ['customerId']);
const entryIdOf = (args: Args) => parseInput(idSchema, args.entryId, ['entryId']);

export const caseEntryResolvers: Resolvers = {
  Query: {
    caseEntries: async (_, { customerId, ...query }, context) =>
      listCaseEntries(
        contextOfResolver(context),
        customerIdOf({ customerId }),
        parseInput(caseEntryQuerySchema, withoutNulls(query)),
      ),
    caseEntry: async (_, args, context) =>
      getCaseEntry(contextOfResolver(context), customerIdOf(args), entryIdOf(args)),
  },
  Mutation: {
    recordCaseEntry: async (_, args, context) =>
      (
        await recordCaseEntry(
          contextOfResolver(context),
          customerIdOf(args),
          parseInput(newCaseEntrySchema, withoutNulls(args.input)),
        )
      ).entry,
    endCaseEntry: async (_, { customerId, entryId, ...end }, context) =>
      endCaseEntry(
        contextOfResolver(context),
        customerIdOf({ customerId }),
        entryIdOf({ entryId }),
        parseInput(endCaseEntrySchema, withoutNulls(end)),
      ),
  },
};
