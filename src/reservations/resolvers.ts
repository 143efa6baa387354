import { contextOfResolver, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { parseInput } from '../validation.ts';
import { reservationListQuerySchema } from './schemas.ts';
import { listReservations } from './service.ts';

export const reservationResolvers: Resolvers = {
  Query: {
    reservations: async (_, args, context) =>
      listReservations(contextOfResolver(context), parseInput(reservationListQuerySchema, withoutNulls(args))),
  },
};
