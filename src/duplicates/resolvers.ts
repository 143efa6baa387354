import { contextOfResolver, idempotencyKeyOf, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { dismissDuplicateCandidate, listDuplicateCandidates, mergeDuplicateCandidate } from './candidates.ts';
import {
  candidateListQuerySchema,
  candidateMergeSchema,
  mergeListQuerySchema,
  newMergeSchema,
  newSearchSchema,
  reasonSchema,
} from './schemas.ts';
import { createDuplicateSearch, getDuplicateSearch } from './search-task.ts';
import { getCustomerMerge, listCustomerMerges, mergeCustomers, undoCustomerMerge } from './service.ts';

type Args = Readonly<Record<string, unknown>>;
const idOf = (args: Args, name: string) => parseInput(idSchema, args[name], [name]);
const reasonOf = ({ reason }: Args) => parseInput(reasonSchema, { reason }).reason;

export const duplicateResolvers: Resolvers = {
  Query: {
    customerMerges: async (_, args, context) =>
      listCustomerMerges(contextOfResolver(context), parseInput(mergeListQuerySchema, withoutNulls(args))),
    customerMerge: async (_, args, context) => getCustomerMerge(contextOfResolver(context), idOf(args, 'mergeId')),
    duplicateCandidates: async (_, args, context) =>
      listDuplicateCandidates(contextOfResolver(context), parseInput(candidateListQuerySchema, withoutNulls(args))),
    duplicateSearch: async (_, args, context) => getDuplicateSearch(contextOfResolver(context), idOf(args, 'searchId')),
  },
  Mutation: {
    mergeCustomers: async (_, args, context) =>
      (
        await mergeCustomers(
          contextOfResolver(context),
          parseInput(newMergeSchema, withoutNulls(args.input)),
          idempotencyKeyOf(context),
        )
      ).answer.merge,
    undoCustomerMerge: async (_, args, context) =>
      undoCustomerMerge(contextOfResolver(context), idOf(args, 'mergeId'), reasonOf(args)),
    mergeDuplicateCandidate: async (_, args, context) =>
      mergeDuplicateCandidate(
        contextOfResolver(context),
        idOf(args, 'candidateId'),
        parseInput(candidateMergeSchema, { survivorId: args.survivorId, reason: args.reason }),
      ),
    dismissDuplicateCandidate: async (_, args, context) =>
      dismissDuplicateCandidate(contextOfResolver(context), idOf(args, 'candidateId'), reasonOf(args)),
    createDuplicateSearch: async (_, args, context) =>
      (
        await createDuplicateSearch(
          contextOfResolver(context),
          parseInput(newSearchSchema, withoutNulls(args)),
          idempotencyKeyOf(context),
        )
      ).answer,
  },
};
