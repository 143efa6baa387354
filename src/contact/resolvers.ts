import { contextOfResolver, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { idSchema, invalidFields, parseInput } from '../validation.ts';
import { permissionRequestSchema, releaseSchema } from './schemas.ts';
import { getDecision, getReservation, releaseReservation, requestPermission } from './service.ts';

export const contactResolvers: Resolvers = {
  Query: {
    checkContact: async (_, args, context) => {
      const request = parseInput(permissionRequestSchema, withoutNulls(args.input));
      if (request.mode === 'reserve') {
        const message = 'a query takes no slot; use the mutation requestContactPermission';
        throw invalidFields([{ pointer: '/mode', code: 'INVALID_VALUE', message }]);
      }
      return requestPermission(contextOfResolver(context), request);
    },
    contactPermission: async (_, args, context) =>
      getDecision(contextOfResolver(context), parseInput(idSchema, args.decisionId, ['decisionId'])),
    reservation: async (_, args, context) =>
      getReservation(contextOfResolver(context), parseInput(idSchema, args.reservationId, ['reservationId'])),
  },
  Mutation: {
    requestContactPermission: async (_, args, context) =>
      requestPermission(contextOfResolver(context), parseInput(permissionRequestSchema, withoutNulls(args.input))),
    releaseReservation: async (_, args, context) =>
      releaseReservation(
        contextOfResolver(context),
        parseInput(idSchema, args.reservationId, ['reservationId']),
        parseInput(releaseSchema, { reason: args.reason }).reason,
      ),
  },
};
