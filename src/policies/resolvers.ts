import { answerOf, contextOfResolver, idempotencyKeyOf, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { preconditionHeadersSchema } from '../http/rest.ts';
import { parseInput } from '../validation.ts';
import { cancelPolicyBacktest, createPolicyBacktest, getPolicyBacktest } from './backtests.ts';
import { getPolicyDivergence } from './divergence.ts';
import {
  backtestParamsSchema,
  divergenceQuerySchema,
  draftQuerySchema,
  newBacktestSchema,
  packParamsSchema,
  publishSchema,
  reviewSchema,
  shadowSchema,
  sourceSchema,
  versionParamsSchema,
  withdrawSchema,
} from './schemas.ts';
import {
  createPolicyVersion,
  getPolicyVersion,
  listPolicyPacks,
  publishPolicyVersion,
  replacePolicyVersion,
  reviewPolicyVersion,
  setPolicyShadow,
  submitPolicyVersion,
  withdrawPolicyVersion,
} from './service.ts';

type Args = Readonly<Record<string, unknown>>;

function keyOf({ pack, version }: Args) {
  return parseInput(versionParamsSchema, { pack, version });
}

/** The arguments that are neither in the path nor absent: the body or the query of REST. */
function restOf({ pack: _, version: __, ...rest }: Args): Record<string, unknown> {
  return withoutNulls(rest);
}

export const policyResolvers: Resolvers = {
  Query: {
    policyPacks: async (_, __, context) => listPolicyPacks(contextOfResolver(context)),
    policyVersion: async (_, args, context) => getPolicyVersion(contextOfResolver(context), keyOf(args)),
    policyBacktest: async (_, args, context) => {
      const { backtestId, ...key } = parseInput(backtestParamsSchema, args);
      return getPolicyBacktest(contextOfResolver(context), key, backtestId);
    },
    policyDivergence: async (_, args, context) =>
      getPolicyDivergence(contextOfResolver(context), keyOf(args), parseInput(divergenceQuerySchema, restOf(args))),
  },
  Mutation: {
    createPolicyVersion: async (_, args, context) => {
      const { pack } = parseInput(packParamsSchema, { pack: args.pack });
      const { validateOnly } = parseInput(draftQuerySchema, { validateOnly: args.validateOnly ?? undefined });
      const { source } = parseInput(sourceSchema, { source: args.source });
      return (await createPolicyVersion(contextOfResolver(context), pack, source, validateOnly)).version;
    },
    replacePolicyVersion: async (_, args, context) => {
      const headers = parseInput(preconditionHeadersSchema, context.request.headers);
      const { source } = parseInput(sourceSchema, { source: args.source });
      return replacePolicyVersion(contextOfResolver(context), keyOf(args), source, headers['if-match']);
    },
    submitPolicyVersion: async (_, args, context) => submitPolicyVersion(contextOfResolver(context), keyOf(args)),
    reviewPolicyVersion: async (_, args, context) =>
      reviewPolicyVersion(contextOfResolver(context), keyOf(args), parseInput(reviewSchema, restOf(args))),
    publishPolicyVersion: async (_, args, context) =>
      publishPolicyVersion(contextOfResolver(context), keyOf(args), parseInput(publishSchema, restOf(args))),
    withdrawPolicyVersion: async (_, args, context) => {
      const { reason } = parseInput(withdrawSchema, restOf(args));
      return withdrawPolicyVersion(contextOfResolver(context), keyOf(args), reason);
    },
    setPolicyShadow: async (_, args, context) => {
      const { enabled } = parseInput(shadowSchema, restOf(args));
      return setPolicyShadow(contextOfResolver(context), keyOf(args), enabled);
    },
    createPolicyBacktest: async (_, args, context) => {
      const input = parseInput(newBacktestSchema, withoutNulls(args.input));
      const ctx = contextOfResolver(context);
      return answerOf(context, await createPolicyBacktest(ctx, keyOf(args), input, idempotencyKeyOf(context)));
    },
    cancelPolicyBacktest: async (_, args, context) => {
      const { backtestId, ...key } = parseInput(backtestParamsSchema, args);
      return cancelPolicyBacktest(contextOfResolver(context), key, backtestId);
    },
  },
};
