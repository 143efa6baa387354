import { addMonths, fromDay, toDay } from './days.ts';
import type { Draw } from './draw.ts';
import { LEDGER, measured } from './parameters.ts';

/** A card's last months: what was billed, paid and left, in fen. Balances are what the events leave, by construction. */

export interface Balances {
  principal: number;
  interest: number;
  penalty: number;
  fees: number;
}

export interface Statement {
  /** YYYY-MM-DD, as all dates here. */
  readonly statementOn: string;
  readonly previousBalance: number;
  readonly paymentsTotal: number;
  /** Purchases, fees and penalty. */
  readonly newCharges: number;
  readonly adjustments: number;
  readonly interest: number;
  readonly statementBalance: number;
  readonly minimumDue: number;
  readonly dueOn: string;
}

export interface Payment {
  readonly amount: number;
  readonly postedOn: string;
}

export interface Card {
  readonly creditLimit: number;
  readonly balances: Balances;
  /** Due date of the oldest minimum that is unpaid and missed. */
  readonly pastDueSince: string | null;
  readonly minimumDue: number;
  readonly statements: readonly Statement[];
  readonly payments: readonly Payment[];
  /** Number of missed minimums before the first due date of the record, and after each. */
  readonly states: readonly number[];
}

interface Minimum {
  readonly dueDay: number;
  /** What of it was not paid. */
  left: number;
}

/** A card while it is played. */
interface Play {
  readonly draw: Draw;
  readonly creditLimit: number;
  readonly balances: Balances;
  /** Minimums that are not paid, oldest first. */
  readonly open: Minimum[];
  readonly statements: Statement[];
  readonly payments: Payment[];
  readonly states: number[];
  /** Since the last statement: what was paid, and fen times days that bear interest. */
  cycle: { paid: number; bearing: number };
}

const HIGHEST_STATE = measured.transitions.length - 1;
const LONG_OVERDUE_DAYS = 90;

/**
 * Plays a card month by month up to `asOf`: a statement (interest of its days, penalty on what of the last minimum is
 * unpaid, fees, purchases), then, before the due date, a payment such that the number of missed minimums becomes what the
 * transitions of the UCI data draw. `months` due dates lie before `asOf`. Interest since the last statement is not posted
 * yet, and so in no balance.
 */
export function playCard(draw: Draw, asOf: string, months: number): Card {
  const today = toDay(asOf);
  const graceDays = draw.int(18, 25);
  const first = firstStatementDay(draw.int(1, 28), today - graceDays, months);
  const play = start(draw, first + graceDays);
  for (let month = 0; ; month += 1) {
    const day = addMonths(first, month);
    if (day > today) break;
    issue(play, day, day + graceDays);
    if (day + graceDays < today) pay(play, day, day + graceDays, addMonths(first, month + 1), month === months - 1);
  }
  const { creditLimit, balances, open, statements, payments, states } = play;
  const missed = open.find((minimum) => minimum.dueDay < today);
  const minimumDue = open.reduce((sum, { left }) => sum + left, 0);
  const pastDueSince = missed === undefined ? null : fromDay(missed.dueDay);
  return { creditLimit, balances, pastDueSince, minimumDue, statements, payments, states };
}

/** The first statement day from which `months` statements are due before today; `lastDay` is the last that can be due. */
function firstStatementDay(dayOfMonth: number, lastDay: number, months: number): number {
  const date = new Date((lastDay - 1) * 86_400_000);
  const day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), dayOfMonth) / 86_400_000;
  return addMonths(day, day < lastDay ? 1 - months : -months);
}

/** A limit, a balance and missed minimums from before the record. */
function start(draw: Draw, firstDueDay: number): Play {
  const creditLimit = Math.max(1_000_00, Math.round(draw.quantile(measured.limits)) * LEDGER.fenPerDollar);
  const late = draw.index(measured.firstStates);
  const used = Math.min(0.9, Math.max(late > 0 ? 0.2 : 0.02, draw.quantile(measured.billShares)));
  const principal = Math.round(creditLimit * used);
  const open = Array.from({ length: late }, (_, at) => ({
    dueDay: addMonths(firstDueDay, at - late),
    left: Math.round((principal * LEDGER.minimumShare) / late),
  }));
  return {
    draw,
    creditLimit,
    balances: { principal, interest: 0, penalty: 0, fees: 0 },
    open,
    statements: [],
    payments: [],
    states: [late],
    cycle: { paid: 0, bearing: 0 },
  };
}

/** Posts interest, penalty, fees and purchases, and asks for a new minimum. */
function issue({ draw, creditLimit, balances, open, statements, cycle }: Play, day: number, dueDay: number): void {
  const { numerator, denominator } = LEDGER.dailyRate;
  const last = statements.at(-1);
  const interest = Math.round((cycle.bearing * numerator) / denominator);
  const penalty = last ? Math.round((open.at(-1)?.left ?? 0) * LEDGER.penaltyRate) : 0;
  const fees = draw.chance(LEDGER.feesPerMonth) ? draw.int(10, 300) * 100 : 0;
  const wanted = Math.round(creditLimit * draw.quantile(measured.chargeShares));
  // A card that is a month late is stopped; any other buys something, so that a minimum is due.
  const purchases = open.length > 0 ? 0 : Math.max(50_00, Math.min(wanted, creditLimit - balances.principal));
  const previousBalance = last?.statementBalance ?? total(balances);
  balances.interest += interest;
  balances.penalty += penalty;
  balances.fees += fees;
  balances.principal += purchases;
  const owed = open.reduce((sum, { left }) => sum + left, 0);
  const asked = Math.round((balances.principal - owed) * LEDGER.minimumShare) + interest + penalty + fees;
  const left = Math.max(0, Math.min(total(balances) - owed, Math.max(1_00, asked)));
  if (left > 0) open.push({ dueDay, left });
  statements.push({
    statementOn: fromDay(day),
    previousBalance,
    paymentsTotal: cycle.paid,
    newCharges: purchases + penalty + fees,
    adjustments: 0,
    interest,
    statementBalance: total(balances),
    minimumDue: owed + left,
    dueOn: fromDay(dueDay),
  });
}

/** Draws the next state, pays what leads there, and counts the days that bear interest until the next statement. */
function pay(play: Play, day: number, dueDay: number, nextDay: number, last: boolean): void {
  const { draw, balances, open, payments, states } = play;
  const before = bearing(balances);
  const missed = open.length - 1;
  const drawn = draw.index(measured.transitions[Math.min(missed, HIGHEST_STATE)]!);
  const next = drawn === HIGHEST_STATE ? missed + 1 : drawn;
  const { amount, inFull } = amountFor(play, open.length - next, last);
  const paidDay = draw.int(day + 1, dueDay);
  if (amount > 0) {
    allocate(balances, amount, paidDay - open[0]!.dueDay);
    payments.push({ amount, postedOn: fromDay(paidDay) });
  }
  settle(open, amount);
  states.push(Math.min(open.length, HIGHEST_STATE));
  const after = bearing(balances);
  play.cycle = {
    paid: amount,
    bearing: inFull ? 0 : before * (paidDay - day) + after * (nextDay - paidDay),
  };
}

/** What is paid so that exactly the `count` oldest minimums are. */
function amountFor({ draw, balances, open }: Play, count: number, last: boolean): { amount: number; inFull: boolean } {
  const sum = open.slice(0, count).reduce((all, { left }) => all + left, 0);
  if (count < open.length) {
    const part = draw.chance(LEDGER.partPayers) ? Math.floor(open[count]!.left * (draw.int(10, 90) / 100)) : 0;
    return { amount: sum + part, inFull: false };
  }
  const balance = total(balances);
  if (draw.chance(measured.paidInFull)) {
    const tooMuch = last && draw.chance(LEDGER.creditBalances / measured.paidInFull) ? draw.int(1_00, 500_00) : 0;
    return { amount: balance + tooMuch, inFull: true };
  }
  const amount = Math.min(balance, Math.max(sum, Math.round(balance * draw.quantile(measured.paidShares))));
  return { amount, inFull: amount === balance };
}

/** Article 57: up to 90 days overdue what was charged comes first, from 91 on the principal. The rest is credit. */
export function allocate(balances: Balances, amount: number, daysPastDue: number): void {
  const principalFirst = daysPastDue > LONG_OVERDUE_DAYS;
  const order = ['fees', 'penalty', 'interest'] as const;
  let left = amount;
  const take = (part: keyof Balances) => {
    const taken = Math.min(left, Math.max(0, balances[part]));
    balances[part] -= taken;
    left -= taken;
  };
  if (principalFirst) take('principal');
  for (const part of order) take(part);
  if (!principalFirst) take('principal');
  balances.principal -= left;
}

/** Oldest minimum first. */
function settle(open: Minimum[], amount: number): void {
  let left = amount;
  for (const minimum of open) {
    const taken = Math.min(left, minimum.left);
    minimum.left -= taken;
    left -= taken;
  }
  while (open[0]?.left === 0) open.shift();
}

/** What bears interest: no interest on penalty and fees. */
function bearing({ principal, interest }: Balances): number {
  return Math.max(0, principal + interest);
}

export function total({ principal, interest, penalty, fees }: Balances): number {
  return principal + interest + penalty + fees;
}

/** Fen as a decimal string. */
export function yuan(fen: number): string {
  const digits = String(Math.abs(fen)).padStart(3, '0');
  return `${fen < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
