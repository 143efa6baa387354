import { callIdSchema } from '../contact/schemas.ts';
import { contextOfResolver, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { parseInput } from '../validation.ts';
import { attemptCorrectionSchema, attemptReportSchema } from './schemas.ts';
import { correctAttempt, getAttempt, reportAttempt } from './service.ts';

export const attemptResolvers: Resolvers = {
  Query: {
    contactAttempt: async (_, args, context) =>
      (await getAttempt(contextOfResolver(context), parseInput(callIdSchema, args.attemptId, ['attemptId']))).attempt,
  },
  Mutation: {
    reportContactAttempt: async (_, args, context) =>
      (await reportAttempt(contextOfResolver(context), parseInput(attemptReportSchema, withoutNulls(args.input))))
        .attempt,
    correctContactAttempt: async (_, args, context) =>
      (
        await correctAttempt(
          contextOfResolver(context),
          parseInput(callIdSchema, args.attemptId, ['attemptId']),
          parseInput(attemptCorrectionSchema, withoutNulls(args.input)),
          null,
        )
      ).attempt,
  },
};
