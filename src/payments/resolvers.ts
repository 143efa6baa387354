import { contextOfResolver, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { calculateInterest, calculatePenalty } from './calculators.ts';
import { recordCharge, recordRateChange } from './charges.ts';
import { getDelinquencyHistory, getLedger, getPayment, listPayments } from './reads.ts';
import {
  interestCalculationInputSchema,
  ledgerQuerySchema,
  newChargeSchema,
  newCustomerPaymentSchema,
  newPaymentSchema,
  newRateChangeSchema,
  paymentListQuerySchema,
  penaltyCalculationInputSchema,
  reversalSchema,
} from './schemas.ts';
import { recordCustomerPayment, recordPayment, reversePayment } from './service.ts';

type Args = Readonly<Record<string, unknown>>;

const idOf = (args: Args, name: string) => parseInput(idSchema, args[name], [name]);
const pageOf = ({ limit, cursor }: Args) => parseInput(paymentListQuerySchema, withoutNulls({ limit, cursor }));

export const paymentResolvers: Resolvers = {
  Query: {
    payments: async (_, args, context) =>
      listPayments(contextOfResolver(context), idOf(args, 'accountId'), pageOf(args)),
    payment: async (_, args, context) =>
      getPayment(contextOfResolver(context), idOf(args, 'accountId'), idOf(args, 'paymentId')),
    accountLedger: async (_, args, context) => {
      const { on } = parseInput(ledgerQuerySchema, withoutNulls({ on: args.on }));
      return getLedger(contextOfResolver(context), idOf(args, 'accountId'), on);
    },
    delinquencyHistory: async (_, args, context) =>
      getDelinquencyHistory(contextOfResolver(context), idOf(args, 'accountId'), pageOf(args)),
    calculateInterest: async (_, args, context) =>
      calculateInterest(
        contextOfResolver(context),
        parseInput(interestCalculationInputSchema, withoutNulls(args.input)),
      ),
    calculatePenalty: async (_, args, context) =>
      calculatePenalty(contextOfResolver(context), parseInput(penaltyCalculationInputSchema, withoutNulls(args.input))),
  },
  Mutation: {
    recordPayment: async (_, args, context) => {
      const input = parseInput(newPaymentSchema, withoutNulls(args.input));
      return (await recordPayment(contextOfResolver(context), idOf(args, 'accountId'), input)).answer;
    },
    reversePayment: async (_, args, context) => {
      const input = parseInput(reversalSchema, withoutNulls(args.input));
      const [accountId, paymentId] = [idOf(args, 'accountId'), idOf(args, 'paymentId')];
      return reversePayment(contextOfResolver(context), accountId, paymentId, input);
    },
    recordCustomerPayment: async (_, args, context) => {
      const input = parseInput(newCustomerPaymentSchema, withoutNulls(args.input));
      return (await recordCustomerPayment(contextOfResolver(context), idOf(args, 'customerId'), input)).answer;
    },
    recordCharge: async (_, args, context) => {
      const input = parseInput(newChargeSchema, withoutNulls(args.input));
      return (await recordCharge(contextOfResolver(context), idOf(args, 'accountId'), input)).answer;
    },
    recordRateChange: async (_, args, context) => {
      const input = parseInput(newRateChangeSchema, withoutNulls(args.input));
      return (await recordRateChange(contextOfResolver(context), idOf(args, 'accountId'), input)).answer;
    },
  },
};
