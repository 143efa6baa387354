import measured from './measured.json' with { type: 'json' };

/** What the sample is made with. Shares are of rows, of people or of attempts, as their names say; 0 to 1. */

export { measured };

/** Shares of rows whose cells are written this way. A clean sample has none of it. */
export const DIRT = {
  nameBlanks: 0.01,
  nameTraditional: 0.01,
  /** Of names with a middle dot: another of the five dots. */
  nameDots: 0.8,
  /** First generation: only for people who were born before 2000. */
  idFifteen: 0.01,
  /** Of ids that end in X. */
  idSmallX: 0.3,
  idWidth: 0.004,
  idBlanks: 0.003,
  idCheckCharacter: 0.005,
  idImpossibleDate: 0.001,
  idEmpty: 0.01,
  phonePrefix: 0.02,
  phoneBlanks: 0.01,
  phoneDashes: 0.01,
  phoneWidth: 0.004,
  phoneShort: 0.003,
  /** Name and resident id in each other's column. */
  swappedColumns: 0.002,
  amountSeparators: 0.02,
  amountWidth: 0.003,
  /** Of negative amounts. */
  amountTrailingMinus: 0.8,
  dateCompact: 0.2,
  dateSlashes: 0.1,
  /** The row comes a second time. */
  repeatedRow: 0.002,
} as const;

/** Shares of people; they are so in a clean sample too. */
export const PEOPLE = {
  /** Two to four cards. */
  severalCards: 0.12,
  /** Of these: the first card under a customer number of its own. */
  secondCustomerNumber: 0.5,
  /** Uses the number of the person before. */
  familyPhone: 0.03,
  /** Has name, sex and birth date of the person before, and another id and number. */
  namesake: 0.001,
  dottedName: 0.01,
  /** A character that is often taken for an error. */
  rareName: 0.003,
} as const;

export const LEDGER = {
  /** Yuan for a New Taiwan dollar, times 100, so fen: near the rate of 2026. */
  fenPerDollar: 22,
  /** Five in ten thousand a day, 18.25 % a year. */
  dailyRate: { numerator: 5, denominator: 10_000 },
  annualRate: '0.1825',
  /** Of the principal, with what was charged in the month. */
  minimumShare: 0.1,
  penaltyRate: 0.05,
  feesPerMonth: 0.04,
  /** Of those who stay below the oldest minimum: pay a part of it. */
  partPayers: 0.4,
  creditBalances: measured.creditBalances,
} as const;

/** Usual ranges (from memory), falling with the state. */
export const CONTACTS = {
  days: 30,
  attemptsPerDay: [0, 0.15, 0.25, 0.3, 0.3, 0.2],
  rightParty: [0, 0.35, 0.3, 0.25, 0.2, 0.15],
  promise: [0, 0.5, 0.45, 0.4, 0.35, 0.3],
  thirdParty: 0.03,
  wrongNumber: 0.02,
  notInService: 0.02,
  agencyFromState: 3,
} as const;

export type DirtShares = { readonly [Kind in keyof typeof DIRT]: number };
export const CLEAN: DirtShares = Object.fromEntries(Object.keys(DIRT).map((kind) => [kind, 0])) as DirtShares;
