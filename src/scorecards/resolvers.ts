import { contextOfResolver, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { scorecardPeriodSchema } from './schemas.ts';
import { getScorecard, listScorecards } from './service.ts';

const periodOf = ({ from, to }: Readonly<Record<string, unknown>>) =>
  parseInput(scorecardPeriodSchema, withoutNulls({ from, to }));

export const scorecardResolvers: Resolvers = {
  Query: {
    scorecard: async (_, args, context) =>
      getScorecard(contextOfResolver(context), parseInput(idSchema, args.collectorId, ['collectorId']), periodOf(args)),
    scorecards: async (_, args, context) => listScorecards(contextOfResolver(context), periodOf(args)),
  },
};
