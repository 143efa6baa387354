import {
  ATTRIBUTION_DAYS,
  type CountableAttempt,
  chosenAccount,
  countedAs,
  isOpenAttribution,
} from '../attempts/counted.ts';
import { type Contact, type CountedContact, countAll, type ToldContact, wrongNumbers } from '../attempts/ledger.ts';
import type { AttemptReport } from '../attempts/schemas.ts';
import { checkTimes } from '../attempts/service.ts';
import type { Ctx } from '../context.ts';
import { AppError, notFound, unprocessable } from '../errors.ts';
import { fingerprint } from '../fingerprint.ts';
import type { EventMarks } from '../rules/contact/facts.ts';
import { storedInstant } from '../validation.ts';
import type { SimulatedReservation, Simulation } from './schemas.ts';
import type { SimulatedClock, SimulatedFile } from './simulated-file.ts';
import { type Subject, subjectOf } from './simulated-subject.ts';
import { within } from './within.ts';

/** A slot that was taken; it counts while it is open. */
interface Slot {
  readonly reservation: SimulatedReservation;
  readonly subject: Subject;
  readonly contact: CountedContact;
  isOpen: boolean;
  /** True once an attempt has told its outcome. */
  isSettled: boolean;
}

interface Reported {
  readonly report: AttemptReport;
  readonly countable: CountableAttempt;
  readonly contact: ToldContact;
}

/** What was reserved and reported up to an instant of the simulation. */
interface Ledger {
  readonly slots: Slot[];
  readonly reported: Map<string, Reported>;
}

export interface SimulatedContacts {
  readonly contacts: readonly CountedContact[];
  /** Since when contact points are known to reach somebody else, by their ids. */
  readonly wrongSince: ReadonlyMap<string, Temporal.Instant>;
}

/**
 * The contacts as the budgets would hold them, had the reservations been taken and the attempts been reported each at
 * its own time. Throws what a report throws.
 */
export function simulatedContacts(
  ctx: Ctx,
  { customer: { customerId }, reservations, attempts }: Simulation,
  file: SimulatedFile,
  { latest }: SimulatedClock,
): SimulatedContacts {
  const ledger: Ledger = { slots: [], reported: new Map() };
  const reserving = reservations.map((reservation, index) => ({
    at: storedInstant(reservation.reservedAt),
    take: () =>
      within(`/reservations/${index}`, () =>
        reserve(ctx, ledger, file, reservation, subjectOf(ctx, file, customerId, reservation)),
      ),
  }));
  const reporting = attempts.map((report, index) => ({
    at: toldAt(report, reservations),
    take: (order: bigint) =>
      within(`/attempts/${index}`, () => {
        checkTimes({ now: latest }, report, storedInstant(report.startedAt));
        const earlier = ledger.reported.get(report.attemptId);
        const subject = subjectOf(ctx, file, customerId, report);
        ledger.reported.set(
          report.attemptId,
          earlier ? completed(earlier, report, order) : reportedOf(ctx, ledger, file, report, subject, order),
        );
      }),
  }));
  const steps = [...reserving, ...reporting].sort((a, b) => Temporal.Instant.compare(a.at, b.at));
  for (const [index, { take }] of steps.entries()) take(BigInt(index));
  const told = [...ledger.reported.values()].map(({ contact }) => contact);
  const open = ledger.slots.filter(({ isOpen }) => isOpen).map(({ contact }) => contact);
  return { contacts: [...countAll(told), ...open], wrongSince: wrongNumbers(told).since };
}

/** Reported when it starts, and not before the slot is taken that it belongs to, whatever the dialer's clock says. */
function toldAt(report: AttemptReport, reservations: readonly SimulatedReservation[]): Temporal.Instant {
  const startedAt = storedInstant(report.startedAt);
  const reservation = reservations.find((one) => belongs(report, one));
  const reservedAt = reservation && storedInstant(reservation.reservedAt);
  return reservedAt && Temporal.Instant.compare(reservedAt, startedAt) > 0 ? reservedAt : startedAt;
}

/** By name, or because the dialer gives the question and the call one id. */
function belongs({ reservationId, attemptId }: AttemptReport, reservation: SimulatedReservation): boolean {
  return reservationId === null ? reservation.requestId === attemptId : reservation.reservationId === reservationId;
}

function collectorOf(
  ctx: Ctx,
  { collector }: Pick<AttemptReport, 'collector'>,
): NonNullable<AttemptReport['collector']> {
  if (collector !== undefined) return collector;
  if (ctx.caller.collectorId !== null) return { kind: 'third_party', id: ctx.caller.collectorId };
  const message = 'Needed, because this key belongs to no collector.';
  throw new AppError('VALIDATION_FAILED', message, { errors: [{ pointer: '/collector', code: 'REQUIRED', message }] });
}

/** The parts of a contact that its subject and its words tell. */
function contactOf(
  { partyId: _, place: __, ...keys }: Subject,
  id: string,
  startedAt: string,
  { channel, purpose }: Pick<AttemptReport, 'channel' | 'purpose'>,
): Omit<Contact, 'direction' | 'collectorId'> {
  return { ...keys, id, startedAt: storedInstant(startedAt), channel, purpose };
}

function reserve(
  ctx: Ctx,
  { slots }: Ledger,
  { profile }: SimulatedFile,
  reservation: SimulatedReservation,
  subject: Subject,
): void {
  const { reservationId, reservedAt, ringless, inReplyTo, status, accountIds } = reservation;
  if (slots.some((slot) => slot.reservation.reservationId === reservationId))
    throw unprocessable('/reservationId', 'DUPLICATE', 'Another one has this id.');
  const { id: collectorId, carrier } = collectorOf(ctx, reservation);
  const known = profile.accounts.map(({ id }) => id);
  const unknown = accountIds?.findIndex((id) => !known.includes(id)) ?? -1;
  if (unknown >= 0) throw notFound(`/accountIds/${unknown}`, 'account of this customer');
  const marks: EventMarks = {
    ...(subject.place === null ? {} : { place: subject.place }),
    ...(carrier === undefined ? {} : { carrier }),
    ...(ringless ? { ringless } : {}),
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
  };
  const contact: CountedContact = {
    ...contactOf(subject, reservationId, reservedAt, reservation),
    direction: 'outbound',
    collectorId,
    counted: { outcome: 'pending', accountIds: known.filter((id) => accountIds?.includes(id) ?? true), marks },
    misdirected: false,
  };
  slots.push({ reservation, subject, contact, isOpen: status === 'live', isSettled: false });
}

/** Settles the slot that the report belongs to, and counts the contact in its place. */
function reportedOf(
  ctx: Ctx,
  ledger: Ledger,
  { profile }: SimulatedFile,
  report: AttemptReport,
  subject: Subject,
  order: bigint,
): Reported {
  const { attemptId, reservationId, direction } = report;
  const { id: collectorId, carrier } = collectorOf(ctx, report);
  const slot = ledger.slots.find(({ reservation }) => belongs(report, reservation));
  if (reservationId !== null && slot === undefined) throw notFound('/reservationId', 'reservation of this customer');
  const settled = slot !== undefined && isSettledBy(slot, report, subject) ? slot : null;
  if (settled) Object.assign(settled, { isOpen: false, isSettled: true });
  const stated: CountableAttempt = {
    ...report,
    accountIds: report.accountIds ?? slot?.contact.counted.accountIds ?? [],
    carrier,
    place: subject.place,
  };
  const base = contactOf(subject, attemptId, report.startedAt, report);
  const countable = { ...stated, attributedTo: attributionOf(ledger, profile.accounts, stated, base) };
  const contact: ToldContact = {
    ...base,
    direction,
    collectorId,
    address: settled ? settled.contact.address : base.address,
    told: [{ order, counted: countedAs(countable) }],
  };
  return { report, countable, contact };
}

function isSettledBy({ reservation, subject, isSettled }: Slot, { channel }: AttemptReport, called: Subject): boolean {
  return (
    !isSettled &&
    reservation.channel === channel &&
    subject.contactPointId === called.contactPointId &&
    subject.partyId === called.partyId
  );
}

/** The account that a contact in which no debt was named counts for; null where there is nothing to choose. */
function attributionOf(
  { slots, reported }: Ledger,
  accounts: SimulatedFile['profile']['accounts'],
  attempt: CountableAttempt,
  { person, startedAt }: Pick<Contact, 'person' | 'startedAt'>,
): string | null {
  const candidates = attempt.accountIds.length > 0 ? attempt.accountIds : accounts.map(({ id }) => id);
  if (!isOpenAttribution(attempt) || candidates.length < 2) return null;
  const since = startedAt.subtract({ hours: 24 * ATTRIBUTION_DAYS });
  const counted = [
    ...slots.filter(({ isOpen }) => isOpen).map(({ contact }) => ({ contact, ...contact.counted })),
    ...[...reported.values()].map(({ contact }) => ({ contact, ...contact.told.at(-1)!.counted })),
  ].filter(({ contact }) => contact.person === person && Temporal.Instant.compare(contact.startedAt, since) > 0);
  return chosenAccount(
    candidates,
    counted.map(({ accountIds }) => accountIds),
  );
}

/** The same report again says nothing new, one after `placed` completes it; throws DUPLICATE for any other. */
function completed(earlier: Reported, report: AttemptReport, order: bigint): Reported {
  const { contact, countable } = earlier;
  const isSame = fingerprint(report).equals(fingerprint(earlier.report));
  const isSameContact = report.startedAt === earlier.report.startedAt;
  if (isSame || (isSameContact && report.outcome === 'placed')) return earlier;
  if (!isSameContact || countable.outcome !== 'placed')
    throw unprocessable('/attemptId', 'DUPLICATE', 'This attempt was reported with other content.');
  const { outcome, attributions, offeredToPay, answerIncomplete } = report;
  const changed: CountableAttempt = {
    ...countable,
    outcome,
    attributions: attributions ?? countable.attributions,
    offeredToPay: offeredToPay ?? countable.offeredToPay,
    answerIncomplete: answerIncomplete ?? countable.answerIncomplete,
  };
  const told = [...contact.told, { order, counted: countedAs(changed) }];
  return { report, countable: changed, contact: { ...contact, told } };
}
