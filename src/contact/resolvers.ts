import { contextOfResolver, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { parseInput } from '../validation.ts';
import { permissionRequestSchema, releaseSchema } from './schemas.ts';
import { getDecision, getReservation, releaseReservation, requestPermission } from './service.ts';

export const contactResolvers: Resolvers = {
  Query: {
    checkContact: async (_, args, context) =>
      requestPermission(
        contextOfResolver(context),
        parseInput(permissionRequestSchema, { ...withoutNulls(args.input), mode: 'check' }),
      ),
    contactPermission: async (_, args, context) => getDecision(contextOfResolver(context), String(args.decisionId)),
    reservation: async (_, args, context) => getReservation(contextOfResolver(context), String(args.reservationId)),
  },
  Mutation: {
    requestContactPermission: async (_, args, context) =>
      requestPermission(contextOfResolver(context), parseInput(permissionRequestSchema, withoutNulls(args.input))),
    releaseReservation: async (_, args, context) =>
      releaseReservation(
        contextOfResolver(context),
        String(args.reservationId),
        parseInput(releaseSchema, { reason: args.reason }).reason,
      ),
  },
};
