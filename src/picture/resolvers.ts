import { contextOfResolver, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { timelineQuerySchema } from './schemas.ts';
import { getPicture } from './service.ts';
import { getTimeline } from './timeline.ts';

export const pictureResolvers: Resolvers = {
  Query: {
    customerPicture: async (_, args, context) =>
      getPicture(contextOfResolver(context), parseInput(idSchema, args.customerId, ['customerId'])),
    customerTimeline: async (_, { customerId, ...query }, context) =>
      getTimeline(
        contextOfResolver(context),
        parseInput(idSchema, customerId, ['customerId']),
        parseInput(timelineQuerySchema, withoutNulls(query)),
      ),
  },
};
