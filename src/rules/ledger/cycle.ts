import { lesser, RATE_SCALE, roundHalfUp } from '../money/money.ts';
import { type Amounts, COMPONENTS, GROUP_OF, NOTHING, placeOf } from './components.ts';
import { missedBefore, unpaidOf, withDue } from './dues.ts';
import { roundedInterest } from './interest.ts';
import { penaltyOf } from './penalty.ts';
import { applyCredit, capDues, owedOf, post, type Run, settleDues, single } from './run.ts';
import { type Billing, statementFrom } from './terms.ts';

/** What the contract does by itself: a statement each month, and what follows a minimum payment that is missed. */

const UNBILLED_INTEREST = placeOf('interest', false);
const UNBILLED_PENALTY = placeOf('penalty', false);
const DUE_INSTALMENT = placeOf('instalment', true);
const REVOLVING = [placeOf('retail', true), placeOf('cash_advance', true)];

/**
 * The statement of a day, before anything else that is posted on it: interest of the days up to it (the day itself bears
 * in the next cycle), rounded half-up; what was unbilled is billed; and the new minimum payment with its due date.
 */
export function closeCycle(run: Run, day: number): void {
  const { billing, graceDays, graceAmountMinor } = run.termsOn(day);
  if (billing === null) {
    run.nextStatement = null;
    return;
  }
  run.nextStatement = statementFrom(day + 1, billing.statementDay);
  if (!billing.statements) return;
  const interest = roundedInterest(run.exactInterest);
  run.exactInterest = 0n;
  if (interest > 0n) {
    post(run, day, 'interest', null, single(UNBILLED_INTEREST, interest));
    applyCredit(run, day);
  }
  const newCharges = billUnbilled(run, day);
  const dueOn = day + billing.dueDays;
  const earlier = unpaidOf(run.dues);
  const missed = missedBefore(run.dues, day);
  // What counted as paid inside the grace amount is demanded anew, and is no older debt.
  if (unpaidOf(missed) <= graceAmountMinor) run.dues = run.dues.filter((due) => !missed.includes(due));
  const unpaid = unpaidOf(run.dues);
  const required = minimumOf(run, billing, earlier, newCharges);
  run.minimumKnown = true;
  run.instalmentsDueMinor = 0n;
  if (required > unpaid) {
    const amountMinor = required - unpaid;
    run.dues = withDue(run.dues, { dueOn, amountMinor, unpaidMinor: amountMinor });
  }
  if (required > 0n) run.checks.push({ day: dueOn + graceDays + 1, dueOn });
}

/** Bills all but instalments, which are billed when they are due. Returns the charges that this statement shows first. */
function billUnbilled(run: Run, day: number): bigint {
  const moved = [...NOTHING];
  let charges = 0n;
  for (const [place, { kind, billed }] of COMPONENTS.entries()) {
    const amount = run.balances[place]!;
    if (billed || kind === 'instalment' || amount === 0n) continue;
    moved[place] = -amount;
    moved[place - 1] = amount;
    if (GROUP_OF[kind] !== 'principal') charges += amount;
  }
  if (charges > 0n || moved.some((amount) => amount !== 0n)) post(run, day, 'statement', null, moved);
  return charges;
}

/**
 * The minimum payment: what is unpaid of earlier ones, a share of the billed principal, instalments and charges that are
 * billed for the first time; at least the floor, at most what is owed. The issuer sets it (银发〔2016〕111号).
 */
function minimumOf(run: Run, { principalRate, floorMinor }: Billing, earlier: bigint, newCharges: bigint): bigint {
  const principal = REVOLVING.reduce((total, place) => total + run.balances[place]!, 0n);
  const due = run.balances[DUE_INSTALMENT]!;
  const instalments = lesser(run.instalmentsDueMinor, due);
  const share = roundHalfUp(principal * principalRate, RATE_SCALE);
  const required = earlier + share + instalments + newCharges;
  const owed = owedOf(run);
  const atLeast = required < floorMinor ? floorMinor : required;
  return owed <= 0n ? 0n : lesser(atLeast, owed);
}

/**
 * The first day after the grace of a due date: when more than the grace amount is unpaid, the minimum is missed and the
 * penalty is charged on what is unpaid, once for each statement. It bears no interest.
 */
export function checkDueDate(run: Run, day: number, dueOn: number): void {
  const { billing, graceAmountMinor } = run.termsOn(day);
  if (!billing?.statements) return;
  const unpaid = unpaidOf(missedBefore(run.dues, dueOn + 1));
  if (unpaid <= graceAmountMinor) {
    run.missedInARow = 0;
    return;
  }
  run.missedInARow += 1;
  const penalty = billing.penalty === null ? 0n : penaltyOf(billing.penalty, unpaid, run.missedInARow);
  if (penalty === 0n) return;
  post(run, day, 'penalty', null, single(UNBILLED_PENALTY, penalty));
  applyCredit(run, day);
}

/** Takes an amount off one kind, billed before unbilled. */
export function takeOff(balances: Amounts, billedPlace: number, amountMinor: bigint): Amounts {
  const billed = lesser(balances[billedPlace]!, amountMinor);
  const unbilled = lesser(balances[billedPlace + 1]!, amountMinor - billed);
  return NOTHING.with(billedPlace, -billed).with(billedPlace + 1, -unbilled);
}

/** After a waiver or an adjustment: what is taken off a bill counts for its minimum payment, as a payment would. */
export function lowered(run: Run, taken: Amounts): void {
  const billed = taken.reduce((total, amount, place) => (COMPONENTS[place]!.billed ? total - amount : total), 0n);
  settleDues(run, billed);
  capDues(run);
}
